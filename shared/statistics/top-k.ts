/** Share of the images whose class is among the k most probable. */

/**
 * As `top_k_accuracy_score` of scikit-learn, also where probabilities are equal: there the class of the higher index comes first.
 *
 * @param probabilities row-major [images, classes]
 * @param most up to which k; more than there are classes is all of them
 * @returns for k = 1 … `most`; empty without images
 */
export function topK(probabilities: ArrayLike<number>, truth: ArrayLike<number>, most: number): number[] {
  const count = truth.length
  if (count === 0) return []
  const classCount = probabilities.length / count
  const atRank = new Array<number>(Math.min(most, classCount)).fill(0)
  for (let row = 0; row < count; row++) {
    const label = truth[row]!
    const own = probabilities[row * classCount + label]!
    let before = 0
    for (let other = 0; other < classCount; other++) {
      const value = probabilities[row * classCount + other]!
      if (value > own || (value === own && other > label)) before++
    }
    if (before < atRank.length) atRank[before]!++
  }
  let right = 0
  return atRank.map((here) => (right += here) / count)
}
