/** The loss runs away, though it is still a number. */
import type { Detector } from './detector'
import { rounded, settingsOf, shown, shownLoss } from './recent'

/** Times of its lowest value, and nats of ln K above it, that the loss has to have climbed. */
const CLIMBED = 2
const CLIMBED_NATS = 0.5
/** Times of ln K from which on it is worse than guessing; far worse needs no climb to be seen. */
const GUESSING = 1.2
const FAR_WORSE = 3
const OVER = 1.05
/** Times a guess's loss above which the figure says no more. */
const MEANT = 100
/** Means of losses that have to agree. */
const AGREE = 2

export const diverged: Detector = (recent, standing) => {
  const chance = Math.log(recent.classes)
  const last = recent.losses.slice(-AGREE)
  if (last.length < AGREE || recent.losses.length < AGREE + 1) return null
  const { lowest } = recent
  const climbed = (loss: number): boolean =>
    loss > Math.max(CLIMBED * lowest, lowest + CLIMBED_NATS * chance) && loss > GUESSING * chance
  const lost = ({ loss }: { loss: number }): boolean =>
    standing ? loss > OVER * chance : climbed(loss) || loss > FAR_WORSE * chance
  if (!last.every(lost)) return null
  const { prefix, settings } = settingsOf(recent)
  const rate = rounded(settings.learningRate / 10)
  const now = last.at(-1)!.loss
  return {
    code: 'training/diverged',
    severity: 'severe',
    // What is as low as it ever was does not run: it was thrown up there by its first steps.
    title: climbed(now) ? 'The training runs away.' : `Its loss is ${above(now / chance)} that of guessing.`,
    evidence: `Its loss is ${shownLoss(now)}, its lowest so far ${shownLoss(lowest)}; guessing gives ln ${recent.classes} = ${chance.toFixed(2)}.`,
    advice: `Lower the learning rate: ${shown(settings.learningRate)} is too high.`,
    repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
  }
}

const above = (factor: number): string =>
  factor < 2 ? 'above' : factor > MEANT ? 'far above' : `${Math.round(factor)} times`
