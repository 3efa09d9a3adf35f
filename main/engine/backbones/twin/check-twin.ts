/** Does the trainable twin answer as the model that it was read from? */
import type { ParityCheck } from '@shared/domain/backbone'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { NetworkGraph } from '../graph'
import { probePicture } from '../parity'
import { featureExtractor } from '../feature-extractor'

/** Float32 sums in another order differ by a few 1e-6; a weight in the wrong place by far more. */
const TOLERANCE = 1e-4
/** Below this a probability has lost the digits of its logarithm. */
const SMALLEST = 1e-30

/**
 * The same picture through both routes.
 *
 * @param asIs the model as it came, run by its own runtime; not disposed of
 * @param twin the network with its weights; what it is compared by is the value as wide as the model's output: its pooled
 *   features, its logits, or the logarithms of their softmax
 * @param executor runs the twin
 * @param range lowest and highest value that the network is used to
 * @returns the largest difference, relative to the largest value where that exceeds 1; infinite when no width fits
 */
export async function checkTwin(
  asIs: FrozenNetwork,
  twin: NetworkGraph,
  executor: Executor,
  range: readonly [low: number, high: number]
): Promise<ParityCheck> {
  const picture = probePicture(asIs.inputShape, range)
  const expected = await asIs.run(picture, 1)
  const features = featureExtractor(twin)
  const routes = features.output === twin.output ? [twin] : [twin, features]
  let maxDifference = Infinity
  for (const graph of routes) {
    const network = await executor.load(graph)
    try {
      const actual = await network.run(picture, 1)
      maxDifference = Math.min(maxDifference, difference(expected, actual))
      if (isDistribution(expected)) {
        maxDifference = Math.min(maxDifference, difference(logarithms(expected), logarithms(softmax(actual))))
      }
    } finally {
      await network.dispose()
    }
  }
  const between = 'the model as it is and its trainable twin'
  return { between, maxDifference, tolerance: TOLERANCE, passed: maxDifference <= TOLERANCE }
}

/** Largest, of each value in turn; NaN in either is an infinite one, and must not pass for equal. */
function difference(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return Infinity
  const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1)
  let largest = 0
  for (const [index, value] of expected.entries()) {
    const found = Math.abs(value - actual[index]!) / scale
    if (!(found <= largest)) largest = Number.isNaN(found) ? Infinity : found
  }
  return largest
}

/** Whether the values are probabilities, as a model that ends in a softmax gives them. */
function isDistribution(values: Float32Array): boolean {
  const sum = values.reduce((total, value) => total + value, 0)
  return values.length > 1 && Math.abs(sum - 1) < 1e-3 && values.every((value) => value >= 0)
}

/** Probabilities of a thousand classes are all small: only their logarithms show that two networks differ. */
const logarithms = (values: Float32Array): Float32Array => values.map((value) => Math.log(Math.max(value, SMALLEST)))

function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((max, value) => Math.max(max, value), -Infinity)
  const exponentials = logits.map((value) => Math.exp(value - largest))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map((value) => value / sum)
}
