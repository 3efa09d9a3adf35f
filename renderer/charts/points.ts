/** Pure work on the points of a curve: thinning, searching, bounds. Points are in ascending order of x; y is NaN in a gap. */

export interface Point {
  x: number
  y: number
}

/**
 * Thins a curve to what a screen of `pixels` columns can show, and keeps every extreme: from each column the first and the
 * last point, the lowest and the highest, and one gap if there is one. At most five points a column are left.
 *
 * @param points ascending in x; y may be NaN
 * @param pixels width of the plot, in device pixels
 * @returns the same array when there is nothing to gain
 */
export function reduceMinMax(points: readonly Point[], pixels: number): readonly Point[] {
  const columns = Math.max(1, Math.floor(pixels))
  if (points.length <= columns * 2) return points
  const start = points[0]!.x
  const span = points.at(-1)!.x - start
  const columnOf = (x: number): number =>
    span > 0 ? Math.min(columns - 1, Math.floor(((x - start) / span) * columns)) : 0

  const kept: Point[] = []
  let from = 0
  while (from < points.length) {
    const column = columnOf(points[from]!.x)
    let to = from + 1
    while (to < points.length && columnOf(points[to]!.x) === column) to++
    keepColumn(points, from, to, kept)
    from = to
  }
  return kept
}

/** Adds the points of one column that matter, in order: [from, to). */
function keepColumn(points: readonly Point[], from: number, to: number, kept: Point[]): void {
  let low = -1
  let high = -1
  let gap = -1
  for (let index = from; index < to; index++) {
    const { y } = points[index]!
    if (Number.isNaN(y)) {
      if (gap < 0) gap = index
      continue
    }
    if (low < 0 || y < points[low]!.y) low = index
    if (high < 0 || y > points[high]!.y) high = index
  }
  const indices = [from, low, high, gap, to - 1].filter((index) => index >= 0).sort((a, b) => a - b)
  indices.forEach((index, place) => {
    if (index !== indices[place - 1]) kept.push(points[index]!)
  })
}

/** Index of the first point whose x is at least `x`; the length when there is none. */
export function lowerBound(points: readonly Point[], x: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle]!.x < x) low = middle + 1
    else high = middle
  }
  return low
}

/** The points between two x, with one neighbour on either side, so that lines run to the edge of the plot. */
export function visiblePoints(points: readonly Point[], min: number, max: number): readonly Point[] {
  const from = Math.max(0, lowerBound(points, min) - 1)
  const to = Math.min(points.length, lowerBound(points, max) + 2)
  return from === 0 && to === points.length ? points : points.slice(from, to)
}

/** The point with a finite y that is nearest to `x`, or null where there is none. */
export function nearestPoint(points: readonly Point[], x: number): Point | null {
  const at = lowerBound(points, x)
  let left = at - 1
  let right = at
  while (left >= 0 && !Number.isFinite(points[left]!.y)) left--
  while (right < points.length && !Number.isFinite(points[right]!.y)) right++
  const before = points[left] ?? null
  const after = points[right] ?? null
  if (!before || !after) return before ?? after
  return x - before.x <= after.x - x ? before : after
}

/** Lowest and highest x over several curves, or null when all are empty. */
export function xBounds(curves: readonly (readonly Point[])[]): [min: number, max: number] | null {
  const filled = curves.filter((points) => points.length > 0)
  if (filled.length === 0) return null
  return [Math.min(...filled.map((points) => points[0]!.x)), Math.max(...filled.map((points) => points.at(-1)!.x))]
}

/** True for each point that has a gap, or the end of the curve, on both sides: a line would not show it. */
export function isolated(points: readonly Point[], index: number): boolean {
  const empty = (point: Point | undefined): boolean => point === undefined || Number.isNaN(point.y)
  return !empty(points[index]) && empty(points[index - 1]) && empty(points[index + 1])
}
