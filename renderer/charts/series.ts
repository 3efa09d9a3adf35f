/** From the metrics of a run to curves. */
import type { MetricPoint } from '@shared/domain/run'
import type { MarkerStyle } from './palette'
import type { Point } from './points'

export type XAxis = 'step' | 'epoch' | 'time'

export const X_AXES: readonly { value: XAxis; label: string }[] = [
  { value: 'epoch', label: 'Epochs' },
  { value: 'step', label: 'Steps' },
  { value: 'time', label: 'Time' }
]

/** One line of a chart. The arrays are taken as they are and never watched inside: replace them to change them. */
export interface CurveSeries {
  id: string
  label: string
  color: string
  dash?: number[]
  /** Line width, pixels. */
  width?: number
  /** Drawn at each point while the points stand apart. */
  marker?: MarkerStyle
  points: readonly Point[]
  /** What `points` was smoothed from: drawn faint behind it. */
  raw?: readonly Point[]
  /** Decides the digits shown. */
  unit?: 'percent' | 'number'
}

/** The metrics of one run by series, each ascending in step. */
export type MetricsBySeries = Record<string, MetricPoint[]>

/** Where a point stands on the chosen axis: steps, epochs, or seconds since the start. */
export function axisValue(point: MetricPoint, axis: XAxis): number {
  if (axis === 'step') return point.step
  return axis === 'epoch' ? point.epoch : point.timeMs / 1000
}

/** One series as a curve; null values (NaN, infinity) become gaps. */
export function toCurve(metrics: MetricsBySeries, series: string, axis: XAxis): Point[] {
  return (metrics[series] ?? []).map((point) => ({ x: axisValue(point, axis), y: point.value ?? Number.NaN }))
}

/** Sorts points into their series. With `into`, adds to what is there; the arrays that grow are replaced, not changed. */
export function bySeries(points: readonly MetricPoint[], into: MetricsBySeries = {}): MetricsBySeries {
  const fresh: MetricsBySeries = {}
  for (const point of points) (fresh[point.series] ??= []).push(point)
  const merged: MetricsBySeries = { ...into }
  for (const [name, added] of Object.entries(fresh)) {
    merged[name] = [...(into[name] ?? []), ...added]
  }
  return merged
}

/** The newest finite value of a series, or null. */
export function latestValue(metrics: MetricsBySeries, series: string): number | null {
  return metrics[series]?.findLast((point) => point.value !== null)?.value ?? null
}
