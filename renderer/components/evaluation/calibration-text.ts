/** Calibration in words. */
import type { Reliability, ReliabilityBin } from '@shared/domain/evaluation-report'
import { formatPercent } from '@shared/text/format'

/** Points under which nobody would act differently. */
const SMALL = 0.02

/** '4.2 points': shares of a hundred, without their sign. */
export const points = (share: number): string => `${(Math.abs(share) * 100).toFixed(1)} points`

/** '80–87 %: 34 images, 83 % sure and 74 % right'. */
export function binText({ low, high, count, confidence, accuracy }: ReliabilityBin): string {
  const images = count === 1 ? '1 image' : `${count} images`
  const range = `${Math.round(low * 100)}–${Math.round(high * 100)} %`
  return `${range}: ${images}, ${formatPercent(confidence, 0)} sure and ${formatPercent(accuracy, 0)} right`
}

/** Mean confidence less accuracy, over all images: above 0 it is too sure. */
export function overconfidence({ bins }: Reliability): number {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0)
  return count === 0 ? 0 : bins.reduce((sum, bin) => sum + bin.count * (bin.confidence - bin.accuracy), 0) / count
}

/** 'Its confidence is off by 4.2 points on average: it is too sure.' */
export function calibrationSentence(reliability: Reliability): string {
  const { error } = reliability
  const lean = overconfidence(reliability)
  const off = `Its confidence is off by ${points(error)} on average`
  if (error < SMALL) return `${off}: what it says can be taken at its word.`
  // Bins that err in both directions cancel out in the lean.
  if (Math.abs(lean) < error / 2) return `${off}, too sure in places and not sure enough in others.`
  return lean > 0 ? `${off}: it is too sure.` : `${off}: it is not sure enough.`
}

/** What a reader of the picture would take from it. */
export function reliabilitySummary(reliability: Reliability): string {
  const filled = reliability.bins.filter(({ count }) => count > 0)
  return `Reliability diagram. ${calibrationSentence(reliability)} ${filled.map(binText).join('; ')}.`
}
