/**
 * A weaker sign, for a network without batch-norm that names classes: under the right contract it is sure of single pictures, and
 * gives different ones different names.
 */

/**
 * Mutual information between pictures and classes, nats: entropy of the mean distribution less the mean entropy.
 * @param scores [count, classes]: logits, or probabilities
 */
export function informationOf(scores: Float32Array, count: number): number {
  const classes = scores.length / count
  const mean = new Float64Array(classes)
  let entropies = 0
  for (let row = 0; row < count; row++) {
    const probabilities = toProbabilities(scores.subarray(row * classes, (row + 1) * classes))
    entropies += entropy(probabilities) / count
    probabilities.forEach((value, index) => (mean[index]! += value / count))
  }
  return entropy(mean) - entropies
}

function toProbabilities(scores: Float32Array): Float64Array {
  const sum = scores.reduce((total, value) => total + value, 0)
  if (Math.abs(sum - 1) < 1e-3 && scores.every((value) => value >= 0)) return Float64Array.from(scores)
  const largest = scores.reduce((max, value) => Math.max(max, value), -Infinity)
  const exponentials = Float64Array.from(scores, (value) => Math.exp(value - largest))
  const total = exponentials.reduce((all, value) => all + value, 0)
  return exponentials.map((value) => value / total)
}

const entropy = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, value) => (value > 0 ? sum - value * Math.log(value) : sum), 0)
