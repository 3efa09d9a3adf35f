/** Geometry of small curves. */
import type { Point } from './points'

/** Room for the marker and the stroke. */
const MARGIN = 3

/** An svg path that fills the box, with gaps where y is not finite, and where its lowest value lies. */
export function sparkPath(
  points: readonly Point[],
  width: number,
  height: number
): { path: string; low: Point | null } {
  const finite = points.filter(({ y }) => Number.isFinite(y))
  if (finite.length === 0) return { path: '', low: null }
  const ys = finite.map(({ y }) => y)
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)]
  const [start, end] = [points[0]!.x, points.at(-1)!.x]
  const place = ({ x, y }: Point): Point => ({
    x: round(end > start ? MARGIN + ((x - start) / (end - start)) * (width - 2 * MARGIN) : width / 2),
    y: round(top > bottom ? MARGIN + ((top - y) / (top - bottom)) * (height - 2 * MARGIN) : height / 2)
  })
  let pen = false
  const path = points
    .map((point) => {
      if (!Number.isFinite(point.y)) {
        pen = false
        return ''
      }
      const { x, y } = place(point)
      const command = pen ? 'L' : 'M'
      pen = true
      return `${command}${x} ${y}`
    })
    .join('')
  return { path, low: place(finite.reduce((a, b) => (b.y < a.y ? b : a))) }
}

const round = (value: number): number => Math.round(value * 10) / 10
