/** What is said of PR and ROC curves, and which one the pointer means. */
import type { ScoreCurve } from '@shared/domain/evaluation-report'

export interface NamedCurve extends ScoreCurve {
  label: string
}

/** '.93', '1', or a dash where there is none. */
export function areaText(area: number | null): string {
  if (area === null) return '–'
  return area > 0.9995 ? '1' : area.toFixed(3).replace(/^0/, '')
}

/** Distance of a place from a line through points, in the plot's own units. */
function distance(points: ScoreCurve['points'], at: { x: number; y: number }): number {
  let least = Infinity
  for (let index = 1; index < points.length; index++) {
    const [[x0, y0], [x1, y1]] = [points[index - 1]!, points[index]!]
    const square = (x1 - x0) ** 2 + (y1 - y0) ** 2
    const along =
      square === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - x0) * (x1 - x0) + (at.y - y0) * (y1 - y0)) / square))
    least = Math.min(least, Math.hypot(at.x - x0 - along * (x1 - x0), at.y - y0 - along * (y1 - y0)))
  }
  return least
}

/** The class whose line is nearest to a place, or null where none is within `reach`. */
export function nearestCurve(
  curves: readonly NamedCurve[],
  at: { x: number; y: number },
  reach: number
): string | null {
  let best: { label: string; off: number } | null = null
  for (const { label, points } of curves) {
    const off = distance(points, at)
    if (off <= reach && off < (best?.off ?? Infinity)) best = { label, off }
  }
  return best?.label ?? null
}

/** The picture in a sentence or two: the means, and the three worst classes. */
export function curveSummary(
  title: string,
  areaName: string,
  classes: readonly NamedCurve[],
  macro: ScoreCurve,
  micro: ScoreCurve
): string {
  const worst = classes
    .filter((curve): curve is NamedCurve & { area: number } => curve.area !== null)
    .sort((a, b) => a.area - b.area)
    .slice(0, 3)
    .map(({ label, area }) => `${label} ${areaText(area)}`)
  const lowest = worst.length > 0 ? ` Lowest: ${worst.join(', ')}.` : ''
  return `${title}. Mean ${areaName} over the classes ${areaText(macro.area)}, over the images ${areaText(micro.area)}.${lowest}`
}
