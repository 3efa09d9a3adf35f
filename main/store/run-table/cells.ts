/** The values of many runs at once, as the cells of a table. */
import type Database from 'better-sqlite3'
import type { Scalar } from '@shared/domain/run-annotations'
import { SERIES_VALUES } from '@shared/domain/run-query'
import { seriesColumn, type Keys } from './keys'

/** By run key, then by the name of the column. */
export type Cells = Map<number, Record<string, Scalar>>

/** How a value is stored (see migration 0005): a boolean has both. */
export function toScalar(number: number | null, text: string | null): Scalar {
  if (number === null) return text
  return text === null ? number : number === 1
}

/** A list of keys, as one parameter. */
export const LISTED = '(select value from json_each(?))'

/** Only these columns; where a run has no value there is null. */
export function readColumns(
  sqlite: Database.Database,
  runs: readonly number[],
  columns: readonly string[],
  keys: Keys
): Cells {
  const empty = Object.fromEntries(columns.map((column) => [column, null]))
  const cells: Cells = new Map(runs.map((run) => [run, { ...empty }]))
  const list = JSON.stringify(runs)
  const ofKey = sqlite.prepare<[number, string], [number, number | null, string | null]>(
    `select run_key, number, text from run_values where key_id = ? and run_key in ${LISTED}`
  )
  for (const column of columns) {
    const source = keys.source(column)
    if (source.type === 'value') {
      const rows = ofKey.raw().all(source.keyId, list)
      for (const [run, number, text] of rows) cells.get(run)![column] = toScalar(number, text)
    } else if (source.type === 'series') {
      const ofSeries = sqlite.prepare<[string, string], [number, number | null]>(
        `select run_key, ${source.column} from run_series where series = ? and run_key in ${LISTED}`
      )
      for (const [run, value] of ofSeries.raw().all(source.series, list)) cells.get(run)![column] = value
    } else if (source.type === 'tag') {
      const tags = sqlite.prepare<[string], [number, string]>(
        `select run_key, group_concat(tag, ', ') from (select * from run_tags order by run_key, tag)
         where run_key in ${LISTED} group by run_key`
      )
      for (const [run, all] of tags.raw().all(list)) cells.get(run)![column] = all
    }
  }
  return cells
}

/** Whatever a run has. */
export function readAll(sqlite: Database.Database, runs: readonly number[], keys: Keys): Cells {
  const cells: Cells = new Map(runs.map((run) => [run, {}]))
  const list = JSON.stringify(runs)
  const names = new Map(keys.values.map(({ id, name }) => [id, name]))
  const values = sqlite.prepare<[string], [number, number, number | null, string | null]>(
    `select run_key, key_id, number, text from run_values where run_key in ${LISTED}`
  )
  for (const [run, key, number, text] of values.raw().all(list))
    cells.get(run)![names.get(key)!] = toScalar(number, text)
  const series = sqlite.prepare<[string], SeriesRow>(
    `select run_key, series, last, min, max, at_best from run_series where run_key in ${LISTED}`
  )
  for (const row of series.all(list)) {
    const own = cells.get(row.run_key)!
    for (const value of SERIES_VALUES) {
      const number = row[seriesColumn(row.series, value)]
      if (number !== null) own[`${value}.${row.series}`] ??= number
    }
  }
  return cells
}

interface SeriesRow {
  run_key: number
  series: string
  last: number | null
  min: number | null
  max: number | null
  at_best: number | null
}
