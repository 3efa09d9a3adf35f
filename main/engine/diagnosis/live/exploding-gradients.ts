/** Gradients far longer than they were. */
import { formatNumber } from '@shared/text/format'
import type { Detector } from './detector'
import { median, rounded, settingsOf, shown } from './recent'

/** Newest steps that are looked at, and how many of them have to be far out. */
const LATELY = 20
const OFTEN = 3
/** Times of the median so far. */
const FAR = 50
const STILL_FAR = 10
/** Norm under which no step is far out, whatever the others are: a network that has learned has hardly any gradient. */
const LARGE = 20
/** At which it needs no comparison. */
const HUGE = 1000
const FEWEST = 40

export const explodingGradients: Detector = (recent, standing) => {
  const { norms } = recent
  if (norms.length < FEWEST) return null
  const [before, lately] = [norms.slice(0, -LATELY), norms.slice(-LATELY)]
  const usual = median(before)
  const limit = Math.min(HUGE, Math.max(LARGE, usual * (standing ? STILL_FAR : FAR)))
  const far = lately.filter((norm) => norm > limit)
  if (far.length < (standing ? 1 : OFTEN)) return null
  const { prefix, settings } = settingsOf(recent)
  const clip = rounded(Math.max(0.1, Math.min(1, usual)))
  const clips = settings.clipNorm > 0 && settings.clipNorm <= 1
  const rate = rounded(settings.learningRate / 3)
  return {
    code: 'training/exploding-gradients',
    severity: clips ? 'warning' : 'severe',
    title: 'The gradients explode.',
    evidence: `${far.length} of the last ${LATELY} steps had a norm above ${rounded(limit)}, the longest ${formatNumber(rounded(Math.max(...far)))}; usual were ${formatNumber(rounded(usual))}.`,
    advice: clips
      ? 'They are clipped, which keeps the weights whole; lower the learning rate.'
      : 'Clip them, so that one batch cannot throw the weights away.',
    repair: clips
      ? { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
      : { label: `Clip at ${clip}`, changes: { [`${prefix}.clipNorm`]: clip } }
  }
}
