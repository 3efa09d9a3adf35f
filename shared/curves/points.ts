/** Curves as columns of numbers: what is searched, reduced and drawn ten thousand points at a time. */

/** Of equal length; x ascending, y NaN in a gap. */
export interface Points {
  x: Float64Array
  y: Float64Array
}

export const NO_POINTS: Points = { x: new Float64Array(0), y: new Float64Array(0) }

/** Index of the first x that is at least `value`; the length when there is none. */
export function lowerBound(x: Float64Array, value: number): number {
  let low = 0
  let high = x.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The points between two x, [first, end), with one neighbour on either side, so that lines run to the edge of the plot. */
export function visibleRange(x: Float64Array, from: number, to: number): [first: number, end: number] {
  const end = lowerBound(x, to)
  let after = end
  while (after < x.length && x[after] === to) after++
  return [Math.max(0, lowerBound(x, from) - 1), Math.min(x.length, after + 1)]
}

/** Index of the finite point nearest to `value` in x, the earlier of two; −1 where there is none. */
export function nearestIndex({ x, y }: Points, value: number): number {
  const at = lowerBound(x, value)
  let left = at - 1
  let right = at
  while (left >= 0 && !Number.isFinite(y[left]!)) left--
  while (right < x.length && !Number.isFinite(y[right]!)) right++
  if (left < 0) return right < x.length ? right : -1
  if (right >= x.length) return left
  return value - x[left]! <= x[right]! - value ? left : right
}

/** First and last x over several curves, or null when all are empty. */
export function boundsOf(curves: readonly Points[]): [first: number, last: number] | null {
  let bounds: [number, number] | null = null
  for (const { x } of curves) {
    if (x.length === 0) continue
    const [first, last] = [x[0]!, x[x.length - 1]!]
    bounds = bounds ? [Math.min(bounds[0], first), Math.max(bounds[1], last)] : [first, last]
  }
  return bounds
}

/**
 * The order in which x ascends, or null when it does so already. A clock that was set back, or a mean over runs of which one
 * ends, can go backwards.
 */
export function ascendingOrder(x: Float64Array): Uint32Array | null {
  let sorted = true
  for (let index = 1; index < x.length && sorted; index++) sorted = x[index]! >= x[index - 1]!
  if (sorted) return null
  return Uint32Array.from(x, (_, index) => index).sort((a, b) => x[a]! - x[b]! || a - b)
}

/** A column in another order. */
export function permuted(column: Float64Array, order: Uint32Array | null): Float64Array {
  return order ? Float64Array.from(order, (index) => column[index]!) : column
}
