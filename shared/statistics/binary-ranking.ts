/** How many positives and negatives score at least as high as each score: what PR and ROC curves are made of. */

/** Places from the highest score to the lowest. Images of equal score share one place: no threshold parts them. */
export interface Ranking {
  /** Distinct scores, descending. */
  thresholds: Float64Array
  /** Positives and negatives that score at least the threshold. */
  truePositives: Float64Array
  falsePositives: Float64Array
}

/**
 * As `_binary_clf_curve` of scikit-learn (sklearn/metrics/_ranking.py).
 *
 * @param scores of one class, one for each image; higher is more likely
 * @param positive whether (non-zero) the image is of that class
 */
export function rankScores(scores: ArrayLike<number>, positive: ArrayLike<number>): Ranking {
  const order = descendingOrder(scores)
  const thresholds: number[] = []
  const truePositives: number[] = []
  const falsePositives: number[] = []
  let right = 0
  for (let place = 0; place < order.length; place++) {
    const score = scores[order[place]!]!
    if (positive[order[place]!]) right++
    if (place + 1 < order.length && scores[order[place + 1]!] === score) continue
    thresholds.push(score)
    truePositives.push(right)
    falsePositives.push(place + 1 - right)
  }
  return {
    thresholds: Float64Array.from(thresholds),
    truePositives: Float64Array.from(truePositives),
    falsePositives: Float64Array.from(falsePositives)
  }
}

/** Indices of the values, highest first, equals in their order. */
export function descendingOrder(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, index) => index).sort((a, b) => values[b]! - values[a]!)
}
