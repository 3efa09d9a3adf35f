/**
 * Curves cut down to the pixels that show them, without losing an extreme. For each column of pixels the first, the lowest, the
 * highest and the last point are kept: a line through these is drawn exactly as the line through all points (M4: Jugel, Jerzak,
 * Hackenbroich & Markl, 'M4: A Visualization-Oriented Time Series Data Aggregation', VLDB 2014). Of gaps one a column is kept.
 */
import { visibleRange, type Points } from './points'

/** What is in view, and how finely. */
export interface View {
  from: number
  to: number
  /** Columns between the two. */
  pixels: number
  /** Whether the columns are equally wide in log x; what is not above 0 is then out of view. */
  logarithmic?: boolean
}

/** Up to so many points a column there is nothing to gain. */
const WORTHWHILE = 2

/** At most this many points are kept of a column. */
const MOST_OF_COLUMN = 5

/** @returns points of the curve in [from, to] and one neighbour on either side, which runs out of the plot */
export function reduceExtremes({ x, y }: Points, view: View): Points {
  const { from, to, pixels } = view
  const [first, end] = visibleRange(x, from, to)
  if (end - first <= pixels * WORTHWHILE) return { x: x.slice(first, end), y: y.slice(first, end) }
  const room = Math.min(end - first, pixels * MOST_OF_COLUMN + 2)
  const kept = new Uint32Array(room)
  let count = 0
  const keep = (index: number): void => {
    if (index >= 0 && (count === 0 || kept[count - 1] !== index)) kept[count++] = index
  }
  eachColumn(x, view, first, end, (start, stop) => {
    let low = -1
    let high = -1
    let gap = -1
    for (let index = start; index < stop; index++) {
      const value = y[index]!
      if (value !== value) {
        if (gap < 0) gap = index
      } else {
        if (low < 0 || value < y[low]!) low = index
        if (high < 0 || value > y[high]!) high = index
      }
    }
    keep(start)
    // Three in order, without a list for each column.
    const a = Math.min(low, high)
    const b = Math.max(low, high)
    keep(Math.min(a, gap))
    keep(Math.max(Math.min(b, gap), a))
    keep(Math.max(b, gap))
    keep(stop - 1)
  })
  return { x: gather(x, kept, count), y: gather(y, kept, count) }
}

/** A band: its lowest and its highest value at each x. */
export interface Band {
  x: Float64Array
  low: Float64Array
  high: Float64Array
}

/** A band cut down in the same way: from each column two x, the first and the last, with the extremes of the column. */
export function reduceBand({ x, low, high }: Band, view: View): Band {
  const { from, to, pixels } = view
  const [first, end] = visibleRange(x, from, to)
  if (end - first <= pixels * WORTHWHILE) {
    return { x: x.slice(first, end), low: low.slice(first, end), high: high.slice(first, end) }
  }
  const room = Math.min(end - first, pixels * 3 + 2)
  const result = { x: new Float64Array(room), low: new Float64Array(room), high: new Float64Array(room) }
  let count = 0
  const keep = (at: number, bottom: number, top: number): void => {
    result.x[count] = at
    result.low[count] = bottom
    result.high[count++] = top
  }
  eachColumn(x, view, first, end, (start, stop) => {
    if (stop - start <= 2) {
      for (let index = start; index < stop; index++) keep(x[index]!, low[index]!, high[index]!)
      return
    }
    let bottom = Number.NaN
    let top = Number.NaN
    let gap = -1
    for (let index = start; index < stop; index++) {
      if (low[index] !== low[index]) gap = index
      else {
        if (!(bottom <= low[index]!)) bottom = low[index]!
        if (!(top >= high[index]!)) top = high[index]!
      }
    }
    keep(x[start]!, bottom, top)
    if (gap >= 0) keep(x[gap]!, Number.NaN, Number.NaN)
    keep(x[stop - 1]!, bottom, top)
  })
  return { x: result.x.slice(0, count), low: result.low.slice(0, count), high: result.high.slice(0, count) }
}

/** Visits the points by column, [start, stop); those before and after the plot are columns of their own. */
function eachColumn(
  x: Float64Array,
  { from, to, pixels, logarithmic = false }: View,
  first: number,
  end: number,
  visit: (start: number, stop: number) => void
): void {
  const origin = logarithmic ? Math.log(from) : from
  const span = (logarithmic ? Math.log(to) : to) - origin
  const scale = span > 0 ? pixels / span : 0
  const columnOf = (at: number): number =>
    at < from
      ? -1
      : at > to
        ? pixels
        : Math.min(pixels - 1, Math.floor(((logarithmic ? Math.log(at) : at) - origin) * scale))
  let start = first
  let column = columnOf(x[first]!)
  for (let index = first + 1; index < end; index++) {
    const next = columnOf(x[index]!)
    if (next === column) continue
    visit(start, index)
    start = index
    column = next
  }
  visit(start, end)
}

function gather(column: Float64Array, indices: Uint32Array, count: number): Float64Array {
  const result = new Float64Array(count)
  for (let index = 0; index < count; index++) result[index] = column[indices[index]!]!
  return result
}
