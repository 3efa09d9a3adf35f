/** At this pace the training ends before it has learned. */
import type { Detector } from './detector'
import { excess, settingsOf, rounded, shown } from './recent'

/** Epochs that the pace is taken from. */
const WINDOW = 3
/** Of the way from guessing to the floor that has to be left. */
const LEFT = 0.6
/** Share of what is left that the pace would come to by the end of the training. */
const TOO_LITTLE = 0.25
const STILL_LITTLE = 0.4
/** Of the peak rate: in the warm-up a training is slow. */
const WARM = 0.5
/** What has been learned since the first epoch, above which a training that ends is one that has converged. */
const LEARNED = 0.25
const STILL_LEARNED = 0.35
const FASTER = 10

export const learningRateLow: Detector = (recent, standing) => {
  const { epochs, probes, epochsPlanned } = recent
  const warm = probes.filter(({ rateShare }) => rateShare >= WARM).length
  if (epochs.length <= WINDOW || warm < 2) return null
  const [before, now] = [epochs.at(-1 - WINDOW)!.trainLoss, epochs.at(-1)!.trainLoss]
  if (before === null || now === null) return null
  const left = excess(recent, now)
  const pace = (excess(recent, before) - left) / WINDOW
  // One that does not fall at all is no matter of pace.
  if (left < LEFT || left > 1.05 || pace <= 0) return null
  const toCome = pace * (epochsPlanned - epochs.length)
  const learned = excess(recent, epochs[0]!.trainLoss ?? now) - left
  if (learned > (standing ? STILL_LEARNED : LEARNED) || toCome > left * (standing ? STILL_LITTLE : TOO_LITTLE))
    return null
  const { prefix, settings } = settingsOf(recent)
  const rate = Math.min(prefix === 'head' ? 0.1 : 3e-3, rounded(settings.learningRate * FASTER))
  if (rate <= settings.learningRate) return null
  return {
    code: 'training/learning-rate-low',
    severity: 'warning',
    title: `The learning rate of ${shown(settings.learningRate)} is too low.`,
    evidence: `The training loss fell by ${(before - now).toPrecision(2)} in ${WINDOW} epochs, to ${now.toFixed(2)}; at that pace most is left to learn after epoch ${epochsPlanned}.`,
    advice: 'Raise it.',
    repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
  }
}
