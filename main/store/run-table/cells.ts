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

/** From here on a column is read whole, out of an index and in its order: seeking each of many runs takes three times as long. */
const MANY = 1000

/** Only these columns; where a run has no value there is null. */
export function readColumns(
  sqlite: Database.Database,
  runs: readonly number[],
  columns: readonly string[],
  keys: Keys,
  many = MANY
): Cells {
  const empty = Object.fromEntries(columns.map((column) => [column, null]))
  const cells: Cells = new Map(runs.map((run) => [run, { ...empty }]))
  const list = JSON.stringify(runs)
  const put = (column: string, rows: Iterable<[number, Scalar]>): void => {
    for (const [run, value] of rows) {
      const own = cells.get(run)
      if (own) own[column] = value
    }
  }
  const read = (text: string, ...parameters: unknown[]): [number, Scalar][] => {
    const statement = sqlite.prepare(runs.length < many ? `${text} and run_key in ${LISTED}` : text).raw()
    return statement.all(...parameters, ...(runs.length < many ? [list] : [])) as [number, Scalar][]
  }
  for (const column of columns) {
    const source = keys.source(column)
    if (source.type === 'value') {
      const texts = read(`select run_key, text from run_values where key_id = ? and text is not null`, source.keyId)
      const numbers = read(
        `select run_key, number from run_values where key_id = ? and number is not null`,
        source.keyId
      )
      put(column, texts)
      put(
        column,
        texts.length === 0 ? numbers : numbers.map(([run, number]) => [run, cellOf(number, cells.get(run)?.[column])])
      )
    } else if (source.type === 'series') {
      put(column, read(`select run_key, ${source.column} from run_series where series = ?`, source.series))
    } else if (source.type === 'tag') {
      const tags = sqlite.prepare<[string], [number, string]>(
        `select run_key, group_concat(tag, ', ') from (select * from run_tags order by run_key, tag)
         where run_key in ${LISTED} group by run_key`
      )
      put(column, tags.raw().all(list))
    }
  }
  return cells
}

/** @param beside the text of the same run: a boolean has both */
const cellOf = (number: Scalar, beside: Scalar | undefined): Scalar =>
  toScalar(number as number, typeof beside === 'string' ? beside : null)

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
