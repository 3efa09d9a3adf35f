/** What the y axis has to hold. */
import { visibleRange } from '@shared/curves/points'
import type { Range } from './axis-range'
import type { CurveLine } from './series'

/** Of the empty axis. */
const NOTHING: Range = [0, 1]
/** Room above and below the extremes. */
const MARGIN = 0.04

/**
 * Lowest and highest value in view over all lines, with what is faint and with the bands.
 *
 * @param logarithmic values that are not above 0 do not count then
 * @param ceiling what the values cannot exceed by their nature, if any
 */
export function valueRange(
  lines: readonly CurveLine[],
  [from, to]: Range,
  logarithmic: boolean,
  ceiling = Infinity
): Range {
  let low = Infinity
  let high = -Infinity
  const take = (x: Float64Array, y: Float64Array): void => {
    const [first, end] = visibleRange(x, from, to)
    for (let index = first; index < end; index++) {
      // The neighbours outside of the plot have no say.
      if (x[index]! < from || x[index]! > to) continue
      const value = y[index]!
      if (!Number.isFinite(value) || (logarithmic && value <= 0)) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  for (const { points, faint, band } of lines) {
    take(points.x, points.y)
    if (faint) take(faint.x, faint.y)
    if (band) {
      take(band.x, band.low)
      take(band.x, band.high)
    }
  }
  if (low > high) return logarithmic ? [0.1, 1] : NOTHING
  if (logarithmic) return low < high ? [low / 1.1, high * 1.1] : [low / 2, high * 2]
  const margin = (high - low || Math.abs(high) * 0.1 || 1) * MARGIN
  // What is never below 0, as a loss, gets no room below 0; an accuracy none above 100 %.
  const top = high <= ceiling ? Math.min(ceiling, high + margin) : high + margin
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, top]
}
