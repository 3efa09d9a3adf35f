/** Precision against recall of one class, at every threshold that its scores allow. */
import { rankScores } from './binary-ranking'

export interface PrecisionRecallCurve {
  /** By ascending threshold, thus by descending recall; one point more than thresholds: it ends at recall 0, precision 1. */
  precision: Float64Array
  recall: Float64Array
  /** An image counts as positive from this score on. */
  thresholds: Float64Array
}

/**
 * As `precision_recall_curve` of scikit-learn. Without a positive image recall is 1 everywhere, as there.
 *
 * @param scores of one class, one for each image
 * @param positive whether (non-zero) the image is of that class
 */
export function precisionRecallCurve(scores: ArrayLike<number>, positive: ArrayLike<number>): PrecisionRecallCurve {
  const { thresholds, truePositives, falsePositives } = rankScores(scores, positive)
  const count = thresholds.length
  const positives = truePositives[count - 1] ?? 0
  const precision = new Float64Array(count + 1).fill(1)
  const recall = new Float64Array(count + 1)
  for (let place = 0; place < count; place++) {
    const right = truePositives[count - 1 - place]!
    precision[place] = right / (right + falsePositives[count - 1 - place]!)
    recall[place] = positives === 0 ? 1 : right / positives
  }
  return { precision, recall, thresholds: thresholds.reverse() }
}

/**
 * Mean of the precision at each threshold, weighted by the recall it adds: a step sum, which unlike the trapezoid does not
 * flatter (`average_precision_score` of scikit-learn).
 *
 * @returns null when no image is positive: then there is nothing to find
 */
export function averagePrecision(scores: ArrayLike<number>, positive: ArrayLike<number>): number | null {
  if (!Array.prototype.some.call(positive, Boolean)) return null
  const { precision, recall } = precisionRecallCurve(scores, positive)
  let sum = 0
  for (let place = 0; place + 1 < recall.length; place++) {
    sum += (recall[place]! - recall[place + 1]!) * precision[place]!
  }
  return Math.max(0, sum)
}
