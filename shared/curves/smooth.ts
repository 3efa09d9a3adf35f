/** Smoothing of noisy curves. */
import type { Points } from './points'

/** The span of x is scaled to this many steps, so that a weight means the same for few points and for many. */
const STEPS_OF_SPAN = 1000

/**
 * Time-weighted, debiased exponential moving average, as Weights & Biases documents it ('Time weighted exponential moving
 * average'): the weight of what came before falls with the distance in x, so that curves with different numbers of points
 * are smoothed alike. Gaps stay gaps.
 *
 * @param weight 0 (nothing changes) to below 1
 * @param span the x range that the curves share; by default that of these points
 */
export function smooth({ x, y }: Points, weight: number, span?: number): Points {
  if (weight <= 0 || x.length < 2) return { x, y }
  const range = span ?? x[x.length - 1]! - x[0]!
  const base = Math.min(Math.sqrt(weight), 0.999)
  const smoothed = new Float64Array(x.length)
  let average = 0
  let debias = 0
  let previous = Number.NaN
  // Most points are equally far apart: the power is computed anew only where they are not.
  let distance = 1
  let kept = base
  for (let index = 0; index < x.length; index++) {
    const value = y[index]!
    if (!Number.isFinite(value)) {
      smoothed[index] = value
      continue
    }
    const next = Number.isNaN(previous) || range <= 0 ? 1 : ((x[index]! - previous) / range) * STEPS_OF_SPAN
    if (next !== distance) {
      distance = next
      kept = base ** distance
    }
    average = average * kept + value
    debias = debias * kept + 1
    previous = x[index]!
    smoothed[index] = average / debias
  }
  return { x, y: smoothed }
}
