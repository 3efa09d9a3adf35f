/**
 * What moves with the pointer, on a canvas of its own above the curves: cross-hair, marks, the line that stands out, the area that
 * is dragged over. The curves below are not painted again for it, however many there are.
 */
import { nearestIndex } from '@shared/curves/points'
import { paintBand, paintLine, paintMarker, toPixel, type Plot } from './line-painter'
import { withOpacity } from './palette'
import type { CurveLine } from './series'
import type { ChartTheme } from './theme'

export interface OverlayInput {
  lines: readonly CurveLine[]
  x: number | null
  highlight: string | null
  /** The two ends of a drag that will be zoomed to, css pixels. */
  drag: readonly [number, number] | null
  theme: ChartTheme
}

/** Of more lines than this only the one that stands out is marked under the cross-hair. */
const MOST_MARKS = 12
/** How much of the other lines stays to be seen. */
const VEIL = 0.78

export function paintOverlay(canvas: HTMLCanvasElement, plot: Plot, input: OverlayInput): void {
  const ctx = fit(canvas)
  if (!ctx) return
  const { lines, x, highlight, drag, theme } = input
  ctx.save()
  ctx.beginPath()
  ctx.rect(plot.left - 6, plot.top - 6, plot.right - plot.left + 12, plot.bottom - plot.top + 12)
  ctx.clip()
  const out = lines.length > 1 ? lines.filter(({ id }) => id === highlight) : []
  if (out.length > 0) {
    ctx.fillStyle = theme.background.replace('rgb(', 'rgba(').replace(')', `, ${VEIL})`)
    // A little over the edge, as far as the lines reach.
    ctx.fillRect(plot.left - 6, plot.top - 6, plot.right - plot.left + 12, plot.bottom - plot.top + 10)
    for (const line of out) {
      if (line.band) paintBand(ctx, line.band, plot, withOpacity(line.color, 0.25))
      const style = { color: line.color, width: (line.width ?? 1.5) + 0.75, dash: line.dash ?? [], marker: line.marker }
      paintLine(ctx, line.points, plot, style)
    }
  }
  if (x !== null && x >= plot.from && x <= plot.to) {
    paintCrosshair(ctx, plot, toPixel(plot.x, x), theme.text)
    const marked = out.length > 0 ? out : lines.length <= MOST_MARKS ? lines : []
    for (const line of marked) paintMark(ctx, plot, line, x, theme.background)
  }
  if (drag) {
    ctx.fillStyle = withOpacity('#808080', 0.2)
    ctx.fillRect(Math.min(...drag), plot.top, Math.abs(drag[1] - drag[0]), plot.bottom - plot.top)
  }
  ctx.restore()
}

/** The canvas at the size of its box, emptied, in css pixels. */
function fit(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)]
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const ctx = canvas.getContext('2d')
  ctx?.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx?.clearRect(0, 0, width, height)
  return ctx
}

function paintCrosshair(ctx: CanvasRenderingContext2D, plot: Plot, pixel: number, color: string): void {
  ctx.beginPath()
  ctx.setLineDash([3, 3])
  ctx.lineWidth = 1
  ctx.strokeStyle = color
  ctx.moveTo(Math.round(pixel) + 0.5, plot.top)
  ctx.lineTo(Math.round(pixel) + 0.5, plot.bottom)
  ctx.stroke()
  ctx.setLineDash([])
}

function paintMark(ctx: CanvasRenderingContext2D, plot: Plot, line: CurveLine, x: number, background: string): void {
  const at = nearestIndex(line.points, x)
  if (at < 0) return
  const [px, py] = [toPixel(plot.x, line.points.x[at]!), toPixel(plot.y, line.points.y[at]!)]
  if (!(px >= plot.left && px <= plot.right && py >= plot.top && py <= plot.bottom)) return
  ctx.fillStyle = background
  paintMarker(ctx, 'circle', px, py, 5.5)
  ctx.fillStyle = line.color
  paintMarker(ctx, line.marker ?? 'circle', px, py, 3.75)
}

/** Within so many pixels of a line it is pointed at. */
const REACH = 10

/** The line nearest to a place on the plot, or null where none is near. */
export function lineAt(lines: readonly CurveLine[], plot: Plot, px: number, py: number): string | null {
  let nearest = REACH
  let found: string | null = null
  const x = (px - plot.x.zero) / plot.x.scale
  const value = plot.x.logarithmic ? Math.exp(x) : x
  for (const { id, points } of lines) {
    const at = nearestIndex(points, value)
    if (at < 0) continue
    for (let index = Math.max(1, at - 2); index <= Math.min(points.x.length - 1, at + 3); index++) {
      const distance = toSegment(px, py, plot, points.x, points.y, index)
      if (distance < nearest) {
        nearest = distance
        found = id
      }
    }
  }
  return found
}

/** Distance of a place to the segment that ends at `index`, pixels. */
function toSegment(px: number, py: number, plot: Plot, x: Float64Array, y: Float64Array, index: number): number {
  const [ax, ay] = [toPixel(plot.x, x[index - 1]!), toPixel(plot.y, y[index - 1]!)]
  const [bx, by] = [toPixel(plot.x, x[index]!), toPixel(plot.y, y[index]!)]
  const length = (bx - ax) ** 2 + (by - ay) ** 2
  const along = length > 0 ? Math.min(1, Math.max(0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length)) : 0
  return Math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay))
}
