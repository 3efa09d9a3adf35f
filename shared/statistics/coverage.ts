/** How often a classifier is right when it may say 'unknown' (selective classification: El-Yaniv & Wiener 2010). */
import { descendingOrder } from './binary-ranking'
import { confidences } from './calibration'

export interface CoveragePoint {
  /** Images whose most probable class has at least this probability are answered; the others are 'unknown'. */
  threshold: number
  /** Share of the images that is answered. */
  coverage: number
  /** Share of the answers that is right. */
  accuracy: number
}

/**
 * @param probabilities row-major [images, classes]
 * @returns one point for each distinct confidence, thresholds ascending: from all images to the surest alone
 */
export function coverageAccuracy(probabilities: ArrayLike<number>, truth: ArrayLike<number>): CoveragePoint[] {
  const { confidence, correct } = confidences(probabilities, truth)
  const order = descendingOrder(confidence)
  const points: CoveragePoint[] = []
  let right = 0
  order.forEach((row, place) => {
    right += correct[row]!
    const threshold = confidence[row]!
    if (place + 1 < order.length && confidence[order[place + 1]!] === threshold) return
    points.push({ threshold, coverage: (place + 1) / order.length, accuracy: right / (place + 1) })
  })
  return points.reverse()
}
