/** The points of a run's curves: written by the thousand, read whole. */
import type { MetricPoint } from '@shared/domain/run'
import type { Connection } from '../database'
import { seriesUpkeep } from '../run-table/series-upkeep'
import type { RunStore } from '../store'
import { runKey } from './runs'

type Queries = Pick<RunStore, 'appendPoints' | 'points' | 'pointsAfter' | 'cutPoints' | 'replacePoints'>

/** One value for each step of a series: a step that is told again replaces what was told before. */
const INSERT = `
  insert or replace into metric_points (run_key, series, step, epoch, time_ms, value, is_nan)
  values (?, ?, ?, ?, ?, ?, ?)`

/** As an object the driver would be handed every row's keys again; as arrays 50,000 points are read in half the time. */
const SELECT = `
  select series, step, epoch, time_ms, value from metric_points where run_key = ? order by series, step`

const SELECT_SERIES = 'select series, count, last_step from run_series where run_key = ? order by series'
const SELECT_AFTER = `
  select series, step, epoch, time_ms, value from metric_points
  where run_key = ? and series = ? and step > ? order by step`

type Row = [MetricPoint['series'], number, number, number, number | null]

export function metricQueries({ db, sqlite }: Connection): Queries {
  const summaries = seriesUpkeep(sqlite)

  const write = async (id: string, points: readonly MetricPoint[], afresh: boolean): Promise<void> => {
    const key = await runKey(db, id)
    const insert = sqlite.prepare(INSERT)
    const writeAll = sqlite.transaction(() => {
      if (afresh) sqlite.prepare('delete from metric_points where run_key = ?').run(key)
      for (const { series, step, epoch, timeMs, value } of points) {
        const finite = value !== null && Number.isFinite(value)
        insert.run(key, series, step, epoch, timeMs, finite ? value : null, finite ? 0 : 1)
      }
      if (afresh) summaries.rebuild(key)
      else summaries.added(key, points)
    })
    writeAll.immediate()
  }

  return {
    appendPoints: (id, points) => write(id, points, false),
    cutPoints: async (id, afterStep) => {
      const key = await runKey(db, id)
      const cut = sqlite.transaction(() => {
        sqlite.prepare('delete from metric_points where run_key = ? and step > ?').run(key, afterStep)
        summaries.rebuild(key)
      })
      cut.immediate()
    },
    replacePoints: (id, points) => write(id, points, true),

    points: async (id) => {
      const key = await runKey(db, id)
      return sqlite.prepare<[number], Row>(SELECT).raw().all(key).map(toPoint)
    },

    pointsAfter: async (id, lastSteps) => {
      const key = await runKey(db, id)
      const series = sqlite.prepare<[number], [string, number, number]>(SELECT_SERIES).raw().all(key)
      const after = sqlite.prepare<[number, string, number], Row>(SELECT_AFTER).raw()
      const points = series.flatMap(([name, , lastStep]) => {
        const known = lastSteps[name] ?? -1e15
        return lastStep > known ? after.all(key, name, known).map(toPoint) : []
      })
      return { points, total: series.reduce((sum, [, count]) => sum + count, 0) }
    }
  }
}

const toPoint = ([series, step, epoch, timeMs, value]: Row): MetricPoint => ({ series, step, epoch, timeMs, value })
