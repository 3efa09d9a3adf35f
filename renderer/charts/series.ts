/** From the metrics of a run to curves. */
import type { Points } from '@shared/curves/points'
import type { Band } from '@shared/curves/reduce'
import type { CurveAxis } from '@shared/domain/curves'
import type { MetricPoint } from '@shared/domain/run'
import type { MarkerStyle } from './palette'
import type { Point } from './points'

export type XAxis = CurveAxis

export const X_AXES: readonly { value: XAxis; label: string }[] = [
  { value: 'epoch', label: 'Epochs' },
  { value: 'step', label: 'Steps' },
  { value: 'time', label: 'Time' }
]

/** One line of a chart. The columns are taken as they are and never watched inside: replace them to change them. */
export interface CurveLine {
  id: string
  label: string
  color: string
  dash?: number[]
  /** Line width, pixels. */
  width?: number
  /** Drawn at each point while the points stand apart, and here and there on a line too restless for a dash. */
  marker?: MarkerStyle
  points: Points
  /** What `points` was smoothed from: drawn faint behind it. */
  faint?: Points | null
  /** Around a mean. */
  band?: Band | null
}

/** Decides the digits shown. */
export type Unit = 'percent' | 'number' | 'bytes'

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

/** One series as columns; null values (NaN, infinity) become gaps. */
export function toPoints(metrics: MetricsBySeries, series: string, axis: XAxis): Points {
  const points = metrics[series] ?? []
  const x = new Float64Array(points.length)
  const y = new Float64Array(points.length)
  points.forEach((point, index) => {
    x[index] = axisValue(point, axis)
    y[index] = point.value ?? Number.NaN
  })
  return { x, y }
}

/**
 * Sorts points into their series. With `into`, adds to what is there: the object is a new one, its arrays are the same and grow,
 * since a long run that is watched would be copied ten times a second.
 */
export function bySeries(points: readonly MetricPoint[], into: MetricsBySeries = {}): MetricsBySeries {
  const merged = { ...into }
  for (const point of points) (merged[point.series] ??= []).push(point)
  return merged
}

/** The newest finite value of a series, or null. */
export function latestValue(metrics: MetricsBySeries, series: string): number | null {
  return metrics[series]?.findLast((point) => point.value !== null)?.value ?? null
}
