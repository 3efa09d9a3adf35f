/**
 * Paints curves on a canvas, straight from their columns. chart.js would make an object of every point of every curve, at each
 * redrawing: for a hundred curves of two thousand points each that alone takes longer than a zoom may.
 */
import type { Scale } from 'chart.js'
import { visibleRange, type Points } from '@shared/curves/points'
import type { Band } from '@shared/curves/reduce'
import type { MarkerStyle } from './palette'

/** From values to pixels along one axis: zero + scale · value, or · log of it. */
export interface AxisMap {
  zero: number
  scale: number
  logarithmic: boolean
}

/** The plot: its edges in css pixels, its axes, and the range of x in view. */
export interface Plot {
  left: number
  top: number
  right: number
  bottom: number
  x: AxisMap
  y: AxisMap
  from: number
  to: number
}

export interface LineStyle {
  color: string
  width: number
  dash: readonly number[]
  marker?: MarkerStyle | undefined
}

/** A dash says nothing on a line that goes up and down over so many times the width of the plot. */
const RESTLESS = 6
/** Such a line is drawn no thicker than this: it would be an area. */
const RESTLESS_WIDTH = 1.25
/** Markers are drawn at each point while the points stand at least this far apart, pixels. */
const MARKER_SPACING = 16
/** And so far apart on a restless line. */
const SPARSE_SPACING = 96

export function axisMap(scale: Scale, logarithmic: boolean): AxisMap {
  const value = (of: number): number => (logarithmic ? Math.log(of) : of)
  const [start, end] = [scale.getPixelForValue(scale.min), scale.getPixelForValue(scale.max)]
  const span = value(scale.max) - value(scale.min)
  const slope = span > 0 ? (end - start) / span : 0
  return { zero: start - slope * value(scale.min), scale: slope, logarithmic }
}

export const toPixel = ({ zero, scale, logarithmic }: AxisMap, value: number): number =>
  zero + scale * (logarithmic ? Math.log(value) : value)

/** A curve with its gaps; a point that stands alone between two gaps is a dot. */
export function paintLine(ctx: CanvasRenderingContext2D, points: Points, plot: Plot, style: LineStyle): void {
  const [first, end] = visibleRange(points.x, plot.from, plot.to)
  if (end <= first) return
  const { width, color, dash, marker } = style
  const dots: number[] = []
  ctx.beginPath()
  let length = 0
  let run = 0
  let lastX = 0
  let lastY = 0
  for (let index = first; index <= end; index++) {
    const px = index < end ? toPixel(plot.x, points.x[index]!) : Number.NaN
    const py = index < end ? toPixel(plot.y, points.y[index]!) : Number.NaN
    // A gap, the end, or what a logarithmic axis cannot show.
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      if (run === 1) dots.push(lastX, lastY)
      run = 0
      continue
    }
    if (run === 0) ctx.moveTo(px, py)
    else {
      ctx.lineTo(px, py)
      length += Math.abs(py - lastY)
    }
    run++
    lastX = px
    lastY = py
  }
  const restless = length > RESTLESS * (plot.right - plot.left)
  ctx.strokeStyle = ctx.fillStyle = color
  ctx.lineWidth = restless ? Math.min(width, RESTLESS_WIDTH) : width
  ctx.lineJoin = restless ? 'bevel' : 'round'
  ctx.setLineDash(restless ? [] : [...dash])
  ctx.stroke()
  ctx.setLineDash([])
  for (let index = 0; index < dots.length; index += 2) paintMarker(ctx, 'circle', dots[index]!, dots[index + 1]!, width)
  if (!marker) return
  const apart = (plot.right - plot.left) / Math.max(1, end - first) >= MARKER_SPACING
  if (apart || restless) paintMarkers(ctx, points, [first, end], plot, marker, width + 0.75, apart ? 0 : SPARSE_SPACING)
}

function paintMarkers(
  ctx: CanvasRenderingContext2D,
  { x, y }: Points,
  [first, end]: [number, number],
  plot: Plot,
  marker: MarkerStyle,
  radius: number,
  spacing: number
): void {
  let last = -Infinity
  for (let index = first; index < end; index++) {
    const px = toPixel(plot.x, x[index]!)
    const py = toPixel(plot.y, y[index]!)
    if (!Number.isFinite(py) || px - last < spacing) continue
    last = px
    paintMarker(ctx, marker, px, py, radius)
  }
}

export function paintMarker(
  ctx: CanvasRenderingContext2D,
  marker: MarkerStyle,
  x: number,
  y: number,
  radius: number
): void {
  ctx.beginPath()
  if (marker === 'circle') ctx.arc(x, y, radius, 0, Math.PI * 2)
  else if (marker === 'rect') ctx.rect(x - radius, y - radius, radius * 2, radius * 2)
  else if (marker === 'triangle') {
    ctx.moveTo(x, y - radius * 1.2)
    ctx.lineTo(x + radius * 1.1, y + radius * 0.8)
    ctx.lineTo(x - radius * 1.1, y + radius * 0.8)
  } else {
    ctx.moveTo(x, y - radius * 1.35)
    ctx.lineTo(x + radius * 1.35, y)
    ctx.lineTo(x, y + radius * 1.35)
    ctx.lineTo(x - radius * 1.35, y)
  }
  ctx.closePath()
  ctx.fill()
}

/** The area between the lowest and the highest, piece by piece between its gaps. */
export function paintBand(ctx: CanvasRenderingContext2D, band: Band, plot: Plot, color: string): void {
  const { x, low, high } = band
  const [first, end] = visibleRange(x, plot.from, plot.to)
  ctx.fillStyle = color
  ctx.beginPath()
  let start = first
  for (let index = first; index <= end; index++) {
    if (index < end && Number.isFinite(toPixel(plot.y, high[index]!))) continue
    for (let at = start; at < index; at++) {
      const [px, py] = [toPixel(plot.x, x[at]!), toPixel(plot.y, high[at]!)]
      if (at === start) ctx.moveTo(px, py)
      else ctx.lineTo(px, py)
    }
    for (let at = index - 1; at >= start; at--) {
      const py = toPixel(plot.y, low[at]!)
      // What is not above 0 lies below every logarithmic axis.
      ctx.lineTo(toPixel(plot.x, x[at]!), Number.isFinite(py) ? py : plot.bottom)
    }
    if (index > start) ctx.closePath()
    start = index + 1
  }
  ctx.fill()
}
