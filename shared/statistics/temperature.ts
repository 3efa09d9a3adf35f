/** Temperature scaling: one number by which all logits are divided, so that confidence comes to match accuracy. */

/** Temperatures outside are not looked for: there the loss hardly changes any more. */
const COLDEST = 1 / 20
const HOTTEST = 20
/** Logarithm of the smallest number that float32 holds: what was rounded to 0 was at most this. */
const SMALLEST_LOG = Math.log(2 ** -149)
const ITERATIONS = 100

export interface TemperatureFit {
  /** Above 1: the classifier was too sure. */
  temperature: number
  /** Mean cross-entropy of the true classes, nats, with temperature 1 and with this one. */
  nllBefore: number
  nllAfter: number
  /**
   * The loss falls all the way to the coldest or hottest temperature, which is then the answer: either every image is right and any
   * sharpening helps, or the probabilities know less than a guess. The images do not tell a temperature.
   */
  atBound: boolean
}

/**
 * The temperature with the smallest mean cross-entropy (Guo et al. 2017, section 4.2). Probabilities stand for logits: their
 * logarithm is one, up to a number that softmax takes out again.
 *
 * The loss is convex in the inverse temperature β; its slope, the mean over images of E[z] − z(truth) with E under
 * softmax(βz), is brought to zero by Newton's method, bisecting where a step would leave the bracket.
 *
 * @param probabilities row-major [images, classes], of images that the classifier was not trained on; at least one
 */
export function fitTemperature(probabilities: ArrayLike<number>, truth: ArrayLike<number>): TemperatureFit {
  const logits = Float64Array.from(probabilities, logOf)
  const nllBefore = lossAt(logits, truth, 1).loss
  const inverse = minimise((beta) => lossAt(logits, truth, beta))
  return {
    temperature: 1 / inverse.beta,
    nllBefore,
    nllAfter: lossAt(logits, truth, inverse.beta).loss,
    atBound: inverse.atBound
  }
}

/**
 * What the probabilities would have been with their logits divided by `temperature`: softmax(log p / T). The order of a row's
 * classes stays.
 *
 * @param probabilities row-major [images, classes]
 */
export function applyTemperature(
  probabilities: ArrayLike<number>,
  classCount: number,
  temperature: number
): Float32Array {
  const scaled = new Float32Array(probabilities.length)
  for (let start = 0; start < scaled.length; start += classCount) {
    let largest = 0
    for (let place = start; place < start + classCount; place++) largest = Math.max(largest, probabilities[place]!)
    // Relative to the largest, so that a small temperature does not make everything 0.
    const powers = Float64Array.from({ length: classCount }, (_, index) =>
      Math.pow(probabilities[start + index]! / largest, 1 / temperature)
    )
    const sum = powers.reduce((total, power) => total + power, 0)
    powers.forEach((power, index) => (scaled[start + index] = power / sum))
  }
  return scaled
}

const logOf = (probability: number): number => (probability > 0 ? Math.log(probability) : SMALLEST_LOG)

interface Loss {
  /** Mean cross-entropy, its slope and its curvature in β. */
  loss: number
  slope: number
  curvature: number
}

function lossAt(logits: Float64Array, truth: ArrayLike<number>, beta: number): Loss {
  const count = truth.length
  const width = logits.length / count
  let [loss, slope, curvature] = [0, 0, 0]
  for (let row = 0; row < count; row++) {
    const start = row * width
    let largest = -Infinity
    for (let place = start; place < start + width; place++) largest = Math.max(largest, logits[place]!)
    let [sum, first, second] = [0, 0, 0]
    for (let place = start; place < start + width; place++) {
      // Below the largest, so that nothing overflows and the moments lose no digits.
      const below = logits[place]! - largest
      const weight = Math.exp(beta * below)
      sum += weight
      first += weight * below
      second += weight * below * below
    }
    const mean = first / sum
    const ofTruth = logits[start + truth[row]!]! - largest
    loss += Math.log(sum) - beta * ofTruth
    slope += mean - ofTruth
    curvature += second / sum - mean * mean
  }
  return { loss: loss / count, slope: slope / count, curvature: curvature / count }
}

function minimise(at: (beta: number) => Loss): { beta: number; atBound: boolean } {
  let [low, high] = [1 / HOTTEST, 1 / COLDEST]
  if (at(low).slope >= 0) return { beta: low, atBound: true }
  if (at(high).slope <= 0) return { beta: high, atBound: true }
  let beta = 1
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { slope, curvature } = at(beta)
    if (slope > 0) high = beta
    else low = beta
    const newton = beta - slope / curvature
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - beta) <= 1e-14 * beta || next === beta) return { beta: next, atBound: false }
    beta = next
  }
  return { beta, atBound: false }
}
