/** From the core's answer to the lines and pins of a chart. */
import type { Points } from '@shared/curves/points'
import type { Run } from '@shared/domain/run'
import type { Pin } from '../../charts/curve-options'
import { runColor, runDash, runMarker } from '../../charts/palette'
import type { CurveLine, XAxis } from '../../charts/series'
import type { LineSource } from './line-list'
import type { CurveAnswer } from './use-curves'

/** Each source in its colour, dash and marker; those without points are left out. */
export function queryLines(
  sources: readonly LineSource[],
  answer: CurveAnswer | undefined,
  dark: boolean
): CurveLine[] {
  if (!answer) return []
  const single = new Map(answer.curves.map((curve) => [curve.runId, curve]))
  const groups = groupsOf(sources)
  return sources.flatMap((source): CurveLine[] => {
    const color = runColor(source.color, dark)
    const look = { id: source.id, color, dash: runDash(source.color), marker: runMarker(source.color), width: 1.75 }
    if (source.runs.length > 1) {
      const group = answer.groups[groups.indexOf(source)]
      if (!group || group.mean.x.length === 0) return []
      const label = group.runs < source.runs.length ? `${source.label} (${group.runs} have it)` : source.label
      return [{ ...look, label, points: group.mean, band: group.band }]
    }
    const curve = single.get(source.id)
    if (!curve || curve.points.x.length === 0) return []
    const { points, smoothed } = curve
    return [{ ...look, label: source.label, points: smoothed ?? points, faint: smoothed && points }]
  })
}

export const groupsOf = (sources: readonly LineSource[]): LineSource[] => sources.filter(({ runs }) => runs.length > 1)

/**
 * Where a run's best epoch is on one of its two validation curves: by epoch there, by step and time at its very value. Null where
 * the run has none, and on every other curve.
 */
export function bestPlace({ best }: Run, series: string, points: Points, axis: XAxis): { x: number; y: number } | null {
  if (!best) return null
  const value =
    series === 'validation_loss'
      ? best.validationLoss
      : series === 'validation_accuracy'
        ? best.validationAccuracy
        : null
  if (value === null) return null
  const { x, y } = points
  for (let index = 0; index < x.length; index++) {
    // By epoch its place is known; several epochs may have the same accuracy.
    const found = axis === 'epoch' ? Math.round(x[index]!) === best.epoch : y[index] === value
    if (found && Number.isFinite(y[index]!)) return { x: x[index]!, y: y[index]! }
  }
  return null
}

/** More rings than this would hide the curves. */
const MOST_RINGS = 12

/** The best epoch of each run as a ring in its colour. */
export function bestRings(
  sources: readonly LineSource[],
  answer: CurveAnswer | undefined,
  axis: XAxis,
  dark: boolean
): Pin[] {
  if (!answer || sources.length > MOST_RINGS) return []
  return sources.flatMap(({ id, runs, color }) => {
    const points = answer.curves.find(({ runId }) => runId === id)?.points
    const place = runs.length === 1 && points ? bestPlace(runs[0]!, answer.series, points, axis) : null
    return place ? [{ ...place, label: '', color: runColor(color, dark) }] : []
  })
}
