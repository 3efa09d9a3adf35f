/** The reference's elementwise functions, in float64. */
import type { ActivationKind } from './graph'

/** @param channels length of a row that a softmax goes over. */
export function activate(
  kind: ActivationKind,
  x: Float32Array,
  channels: number,
  alpha = DEFAULT_ALPHA[kind] ?? 0
): Float32Array {
  if (kind === 'softmax') return softmax(x, channels)
  const apply = FUNCTIONS[kind]
  return x.map((value) => apply(value, alpha))
}

/** Keras' own: https://keras.io/api/layers/activation_layers/ */
export const DEFAULT_ALPHA: Partial<Record<ActivationKind, number>> = { leakyRelu: 0.3, elu: 1 }

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const hardSigmoid = (x: number): number => Math.min(Math.max(x + 3, 0), 6) / 6

const FUNCTIONS: Record<Exclude<ActivationKind, 'softmax'>, (x: number, alpha: number) => number> = {
  sigmoid,
  hardSigmoid,
  swish: (x) => x * sigmoid(x),
  hardSwish: (x) => x * hardSigmoid(x),
  tanh: Math.tanh,
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  leakyRelu: (x, alpha) => (x < 0 ? alpha * x : x),
  elu: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x)
}

function softmax(x: Float32Array, channels: number): Float32Array {
  const out = new Float32Array(x.length)
  for (let start = 0; start < x.length; start += channels) {
    const row = Float64Array.from(x.subarray(start, start + channels))
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity)
    const powers = row.map((value) => Math.exp(value - largest))
    const sum = powers.reduce((a, b) => a + b, 0)
    out.set(
      powers.map((power) => power / sum),
      start
    )
  }
  return out
}

/**
 * The error function to float64's precision: the series of Abramowitz and Stegun 7.1.6, whose terms are all of one sign, so
 * that nothing cancels. Beyond 6 it is 1 to the last bit.
 */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let [term, sum] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}
