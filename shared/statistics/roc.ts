/** True against false positives of one class (receiver operating characteristic), and the area under it. */
import { rankScores } from './binary-ranking'

export interface RocCurve {
  /** By descending threshold: from (0, 0) to (1, 1). */
  falsePositiveRate: Float64Array
  truePositiveRate: Float64Array
  /** The first is infinity: nothing counts as positive. */
  thresholds: Float64Array
}

/**
 * As `roc_curve` of scikit-learn. Rates are NaN where no image is positive, or none negative, as there.
 *
 * @param scores of one class, one for each image
 * @param positive whether (non-zero) the image is of that class
 * @param dropIntermediate leaves out points on a straight line between their neighbours
 */
export function rocCurve(scores: ArrayLike<number>, positive: ArrayLike<number>, dropIntermediate = true): RocCurve {
  const { thresholds, truePositives, falsePositives } = rankScores(scores, positive)
  const last = thresholds.length - 1
  const kept: number[] = []
  for (let place = 0; place <= last; place++) {
    const bends = (counts: Float64Array): boolean => counts[place + 1]! - 2 * counts[place]! + counts[place - 1]! !== 0
    if (!dropIntermediate || place === 0 || place === last || bends(truePositives) || bends(falsePositives)) {
      kept.push(place)
    }
  }
  const rates = (counts: Float64Array): Float64Array =>
    Float64Array.from([0, ...kept.map((place) => counts[place]!)], (count) => count / (counts[last] ?? 0))
  return {
    falsePositiveRate: rates(falsePositives),
    truePositiveRate: rates(truePositives),
    thresholds: Float64Array.from([Infinity, ...kept.map((place) => thresholds[place]!)])
  }
}

/**
 * Area under the ROC curve by trapezoids: the share of (positive, negative) pairs that the scores order rightly, ties counting
 * half (Hanley & McNeil 1982; `roc_auc_score` of scikit-learn).
 *
 * @returns null when no image is positive, or none negative
 */
export function rocArea(scores: ArrayLike<number>, positive: ArrayLike<number>): number | null {
  const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(scores, positive)
  const area = trapezoidArea(x, y)
  return Number.isNaN(area) ? null : area
}

/** @param x ascending */
export function trapezoidArea(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0
  for (let place = 1; place < x.length; place++) sum += ((x[place]! - x[place - 1]!) * (y[place]! + y[place - 1]!)) / 2
  return sum
}
