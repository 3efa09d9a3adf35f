/** A run as other programs' files tell it, before it is one of the studio's. */
import type { MetricPoint } from '@shared/domain/run'
import type { ImportedRun, Scalar } from '@shared/domain/run-annotations'

export type ForeignSource = ImportedRun['source']

export interface ForeignRun {
  source: ForeignSource
  /** The folder that it was read from, absolute: reading it again updates the run instead of making another. */
  origin: string
  name: string
  /** The folder's experiment or nothing: shown where a run of the studio shows its dataset. */
  group: string
  settings: Record<string, Scalar>
  tags: string[]
  notes: string
  points: MetricPoint[]
  state: 'completed' | 'stopped' | 'failed'
  /** Milliseconds since 1970. */
  startedAt: number
  endedAt: number
}

/** What reading a folder came to. What could not be read is told, and keeps nothing else from being read. */
export interface ForeignReading {
  run: ForeignRun
  /** Sentences: what was passed over, and where. */
  notes: string[]
}

/** One value as a file tells it. */
export interface RawPoint {
  series: string
  step: number
  /** Milliseconds since 1970. */
  at: number
  value: number
}

/** A series with a longer name would not be stored. */
const LONGEST_NAME = 250

/** Names under which trainers log which epoch a step is in; kept as the points' epochs rather than as a curve. */
const EPOCH_SERIES = /^(?:.*\/)?epoch$/

/** Points of the store: one a step of a series, of which the one written last counts; times since the start. */
export function toPoints(raw: readonly RawPoint[], startedAt: number): MetricPoint[] {
  const epochs = raw.filter(({ series }) => EPOCH_SERIES.test(series)).sort((a, b) => a.step - b.step)
  const byPlace = new Map<string, MetricPoint>()
  for (const { series, step, at, value } of raw) {
    if (EPOCH_SERIES.test(series)) continue
    const name = series.slice(0, LONGEST_NAME)
    byPlace.set(`${step} ${name}`, {
      series: name,
      step,
      epoch: epochAt(epochs, step),
      timeMs: Math.max(0, at - startedAt),
      value: Number.isFinite(value) ? value : null
    })
  }
  return [...byPlace.values()]
}

/** The last one told up to the step; 0 before the first. */
function epochAt(epochs: readonly RawPoint[], step: number): number {
  let [low, high] = [0, epochs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (epochs[middle]!.step <= step) low = middle + 1
    else high = middle
  }
  const value = epochs[low - 1]?.value ?? 0
  return Number.isFinite(value) ? value : 0
}

/** First and last moment of the points; `fallback` (a file's own time) where there are none. */
export function spanOf(raw: readonly RawPoint[], fallback: number): [startedAt: number, endedAt: number] {
  let [first, last] = [Infinity, -Infinity]
  for (const { at } of raw) {
    if (at < first) first = at
    if (at > last) last = at
  }
  return first > last ? [Math.round(fallback), Math.round(fallback)] : [Math.round(first), Math.round(last)]
}
