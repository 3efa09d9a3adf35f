/** Slopes of the elementwise functions, f′(x), as reference-activations.ts defines them. */
import type { ActivationKind } from '../../backbones/graph'
import { activate, DEFAULT_ALPHA } from '../../backbones/reference-activations'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const hardSigmoid = (x: number): number => Math.min(Math.max(x + 3, 0), 6) / 6
const bell = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** `softmax` is none of them: it goes over the channels. */
const SLOPES: Record<Exclude<ActivationKind, 'softmax'>, (x: number, alpha: number) => number> = {
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
  swish: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  hardSigmoid: (x) => (Math.abs(x) < 3 ? 1 / 6 : 0),
  hardSwish: (x) => hardSigmoid(x) + (Math.abs(x) < 3 ? x / 6 : 0),
  // x · Φ(x): Φ comes from the function itself, so that there is one error function.
  gelu: (x) => (x === 0 ? 0.5 : activate('gelu', Float32Array.of(x), 1)[0]! / x + x * bell(x)),
  leakyRelu: (x, alpha) => (x > 0 ? 1 : alpha),
  elu: (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x))
}

/** @returns null for what is not elementwise */
export function slopeOf(kind: ActivationKind, alpha?: number): ((x: number) => number) | null {
  if (kind === 'softmax') return null
  const slope = SLOPES[kind]
  const steepness = alpha ?? DEFAULT_ALPHA[kind] ?? 1
  return (x) => slope(x, steepness)
}
