/** Steps so long that they undo what was learned. */
import type { Detector } from './detector'
import { excess, median, rounded, settingsOf, shown, type Recent } from './recent'

/** Share of a kernel that one step moves: as the pre-flight has it, of which three undo what was pretrained. */
const MUCH = 0.03
const STILL_MUCH = 0.015
/** What a good step moves, for the rate that is offered. */
const GOOD = 0.004
/** A head grows from nothing: its first steps are as long as itself. */
const HEAD_MUCH = 0.2
const HEAD_EPOCHS = 3
const AGREE = 3
/** Of the way from guessing to the floor, under which long steps do no harm. */
const LEFT = 0.15

export const learningRateHigh: Detector = (recent, standing) => {
  const probes = recent.probes.slice(-AGREE)
  if (probes.length < AGREE) return null
  const isHead = recent.phase === 'head'
  if (isHead && recent.epochs.length < HEAD_EPOCHS) return null
  const limit = (isHead ? HEAD_MUCH : MUCH) * (standing ? STILL_MUCH / MUCH : 1)
  const ratio = median(probes.map(({ updateRatio }) => updateRatio))
  const loss = recent.losses.at(-1)?.loss ?? 0
  if (!(ratio > limit) || excess(recent, loss) < LEFT) return null
  if (isHead && falls(recent)) return null
  const { prefix, settings } = settingsOf(recent)
  // What the schedule gave at the probes is what the peak has to come down by.
  const rate = rounded(settings.learningRate * Math.min(0.3, GOOD / ratio))
  return {
    code: 'training/learning-rate-high',
    severity: 'severe',
    title: `The learning rate of ${shown(settings.learningRate)} is too high.`,
    evidence: `One step moves the weights by ${(100 * ratio).toPrecision(2)} %; a good one moves them by about ${100 * GOOD} %.`,
    advice: isHead
      ? 'Lower it: the head jumps over its valley.'
      : 'Lower it: the backbone forgets what it was pretrained on.',
    repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
  }
}

function falls({ epochs }: Recent): boolean {
  const [before, now] = [epochs.at(-HEAD_EPOCHS)!, epochs.at(-1)!]
  return now.trainLoss !== null && before.trainLoss !== null && now.trainLoss < before.trainLoss * 0.99
}
