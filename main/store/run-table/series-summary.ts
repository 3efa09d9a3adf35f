/** What a series comes to, kept while its points arrive. */
import { addToSpark, emptySpark, type Spark } from './spark'

export interface SeriesSummary {
  count: number
  lastStep: number
  /** Null when the last point is no number. */
  last: number | null
  /** Null, as the steps, while there was no number. */
  min: number | null
  minStep: number | null
  max: number | null
  maxStep: number | null
  spark: Spark
}

export const emptySummary = (): SeriesSummary => ({
  count: 0,
  lastStep: -Infinity,
  last: null,
  min: null,
  minStep: null,
  max: null,
  maxStep: null,
  spark: emptySpark()
})

/** Changes `summary`. Points have to come in the order of their steps; of equal values the first is the lowest, and the highest. */
export function addPoint(summary: SeriesSummary, step: number, value: number | null): void {
  const finite = value !== null && Number.isFinite(value)
  summary.count++
  summary.lastStep = step
  summary.last = finite ? value : null
  if (!finite) return
  if (summary.min === null || value < summary.min) [summary.min, summary.minStep] = [value, step]
  if (summary.max === null || value > summary.max) [summary.max, summary.maxStep] = [value, step]
  addToSpark(summary.spark, value)
}
