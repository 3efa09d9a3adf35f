/** Smoothing of noisy curves. */
import type { Point } from './points'

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
export function smooth(points: readonly Point[], weight: number, span?: number): readonly Point[] {
  if (weight <= 0 || points.length < 2) return points
  const range = span ?? points.at(-1)!.x - points[0]!.x
  const base = Math.min(Math.sqrt(weight), 0.999)
  let average = 0
  let debias = 0
  let previous = Number.NaN
  return points.map(({ x, y }) => {
    if (!Number.isFinite(y)) return { x, y }
    const distance = Number.isNaN(previous) || range <= 0 ? 1 : ((x - previous) / range) * STEPS_OF_SPAN
    const kept = base ** distance
    average = average * kept + y
    debias = debias * kept + 1
    previous = x
    return { x, y: average / debias }
  })
}
