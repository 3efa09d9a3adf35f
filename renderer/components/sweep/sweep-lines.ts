/** Runs as lines through axes. */
import type { RunRow } from '@shared/domain/run-query'
import type { Axis } from './axes'
import { passes, type Brushes } from './brushes'

export interface SweepLine {
  row: RunRow
  /** By axis, in their order. */
  places: number[]
  /** Whether it lies in every brush. */
  inside: boolean
}

export function sweepLines(rows: readonly RunRow[], axes: readonly Axis[], brushes: Brushes): SweepLine[] {
  return rows.map((row) => {
    const places = axes.map((axis) => axis.place(row.values[axis.key]))
    const named = Object.fromEntries(axes.map(({ key }, index) => [key, places[index]!]))
    return { row, places, inside: passes(brushes, named) }
  })
}

/** The line that is nearest to a point between the axes, no further than `reach` away; distances in the units of y. */
export function nearestLine(lines: readonly SweepLine[], at: number, place: number, reach: number): SweepLine | null {
  const left = Math.max(0, Math.floor(at))
  let best: SweepLine | null = null
  let closest = reach
  for (const line of lines) {
    const a = line.places[left]
    const b = line.places[left + 1] ?? a
    if (a === undefined || b === undefined || !line.inside) continue
    const distance = Math.abs(a + (b - a) * (at - left) - place)
    if (distance < closest) [best, closest] = [line, distance]
  }
  return best
}
