/** Keeps `run_series` and `run_sparks` up to what `metric_points` holds. Everything is to be called within the writer's transaction. */
import type Database from 'better-sqlite3'
import { BEST_STEP_SERIES } from '@shared/domain/metric-direction'
import type { MetricPoint } from '@shared/domain/run'
import { addPoint, emptySummary, type SeriesSummary } from './series-summary'
import { packMeans, unpackMeans } from './spark'
import { preparedOnce } from './statements'

const SELECT = `
  select count, last_step, last, min, min_step, max, max_step, stride, means, pending_sum, pending_count
  from run_series join run_sparks using (run_key, series) where series = ? and run_key = ?`
const SELECT_POINTS = 'select step, value from metric_points where run_key = ? and series = ? order by step'
/** Hops from name to name through the primary key, instead of reading every point for its name. */
const SELECT_NAMES = `
  with recursive run (key) as (select ?), names (name) as (
    select (select min(series) from metric_points where run_key = run.key) from run
    union all
    select (select min(series) from metric_points where run_key = run.key and series > names.name)
    from names, run where names.name is not null
  )
  select name from names where name is not null`

const UPSERT = `
  insert into run_series (series, run_key, count, last_step, last, min, min_step, max, max_step)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set count = excluded.count, last_step = excluded.last_step, last = excluded.last, min = excluded.min,
    min_step = excluded.min_step, max = excluded.max, max_step = excluded.max_step`
const UPSERT_SPARK = `insert or replace into run_sparks values (?, ?, ?, ?, ?, ?)`

const SELECT_BEST_STEP = `
  select min_step from run_series join json_each(?) as names on names.value = series
  where run_key = ? and min_step is not null order by names.key limit 1`
/** The value of each series when the best step had been made. */
const UPDATE_AT_BEST = `
  update run_series set at_best = (
    select value from metric_points as points
    where points.run_key = run_series.run_key and points.series = run_series.series and points.step <= ?
    order by step desc limit 1
  ) where series = ? and run_key = ?`
const SELECT_SERIES_OF = 'select series from run_series where run_key = ?'

const LOSSES = JSON.stringify(BEST_STEP_SERIES)

export interface SeriesUpkeep {
  /** After these points were added. */
  added(runKey: number, points: readonly MetricPoint[]): void
  /** After points were changed or taken away. */
  rebuild(runKey: number): void
}

export function seriesUpkeep(sqlite: Database.Database): SeriesUpkeep {
  const prepare = preparedOnce(sqlite)

  const read = (runKey: number, series: string): SeriesSummary => {
    const row = prepare(SELECT).raw().get(series, runKey) as [number, number, ...Row] | undefined
    if (!row) return emptySummary()
    const [count, lastStep, last, min, minStep, max, maxStep, stride, means, pendingSum, pendingCount] = row
    const spark = { stride, means: unpackMeans(means), pendingSum, pendingCount }
    return { count, lastStep, last, min, minStep, max, maxStep, spark }
  }
  const write = (runKey: number, series: string, summary: SeriesSummary): void => {
    const { count, lastStep, last, min, minStep, max, maxStep, spark } = summary
    prepare(UPSERT).run(series, runKey, count, lastStep, last, min, minStep, max, maxStep)
    prepare(UPSERT_SPARK).run(runKey, series, spark.stride, packMeans(spark), spark.pendingSum, spark.pendingCount)
  }
  const readAnew = (runKey: number, series: string): SeriesSummary => {
    const summary = emptySummary()
    const rows = prepare(SELECT_POINTS).raw().iterate(runKey, series) as Iterable<[number, number | null]>
    for (const [step, value] of rows) addPoint(summary, step, value)
    return summary
  }
  const bestStep = (runKey: number): number | null =>
    (prepare(SELECT_BEST_STEP).pluck().get(LOSSES, runKey) as number | undefined) ?? null
  const writeAtBest = (runKey: number, step: number, names: Iterable<string>): void => {
    for (const series of names) prepare(UPDATE_AT_BEST).run(step, series, runKey)
  }
  const namesOf = (runKey: number): string[] => prepare(SELECT_SERIES_OF).pluck().all(runKey) as string[]

  return {
    added: (runKey, points) => {
      const before = bestStep(runKey)
      const early = new Set<string>()
      for (const [series, own] of bySeries(points)) {
        const summary = read(runKey, series)
        // A step that was told before, or comes late: only the points themselves know.
        const ordered = own.every(({ step }, place) => step > (place === 0 ? summary.lastStep : own[place - 1]!.step))
        if (ordered) for (const { step, value } of own) addPoint(summary, step, value)
        write(runKey, series, ordered ? summary : readAnew(runKey, series))
        if (before !== null && own.some(({ step }) => step <= before)) early.add(series)
      }
      const best = bestStep(runKey)
      if (best !== null && best !== before) writeAtBest(runKey, best, namesOf(runKey))
      else if (best !== null) writeAtBest(runKey, best, early)
    },

    rebuild: (runKey) => {
      prepare('delete from run_series where run_key = ?').run(runKey)
      prepare('delete from run_sparks where run_key = ?').run(runKey)
      const names = prepare(SELECT_NAMES).pluck().all(runKey) as string[]
      for (const series of names) write(runKey, series, readAnew(runKey, series))
      const best = bestStep(runKey)
      if (best !== null) writeAtBest(runKey, best, names)
    }
  }
}

type Row = [
  last: number | null,
  min: number | null,
  minStep: number | null,
  max: number | null,
  maxStep: number | null,
  stride: number,
  means: Uint8Array,
  pendingSum: number,
  pendingCount: number
]

function bySeries(points: readonly MetricPoint[]): Map<string, MetricPoint[]> {
  const sorted = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const own = sorted.get(point.series)
    if (own) own.push(point)
    else sorted.set(point.series, [point])
  }
  return sorted
}
