/** A page of the table. */
import type Database from 'better-sqlite3'
import { BEST_STEP_SERIES } from '@shared/domain/metric-direction'
import type { RunQuery, RunRow } from '@shared/domain/run-query'
import { fromJson } from '../json'
import { LISTED, readAll, readColumns } from './cells'
import type { Keys } from './keys'
import { sparkValues, unpackMeans } from './spark'

interface StoredRow {
  key: number
  id: string
  name: string
  color: number
  state: string
  source: string | null
  dataset_id: string | null
  dataset_name: string
  created_at: number
  tags: string
  notes: string
  starred: 0 | 1
  archived: 0 | 1
  removed: 0 | 1
}

const SELECT = `
  select runs.key, runs.id, runs.name, runs.color, runs.state, runs.imported ->> '$.source' as source,
    datasets.id as dataset_id, runs.dataset_name, runs.created_at, runs.tags, runs.notes, runs.starred,
    runs.archived_at is not null as archived, runs.removed_at is not null as removed
  from runs left join datasets on datasets.key = runs.dataset_key where runs.key in ${LISTED}`

const SELECT_SPARKS = `
  select run_key, series, stride, means, pending_sum, pending_count from run_sparks
  where run_key in ${LISTED} and series in ${LISTED}`

/** What a spark draws, the first of these that a run has. */
const SPARK_SERIES = [...BEST_STEP_SERIES, 'train_loss', 'loss', 'train/loss', 'training_loss']

/** @param runs the page's keys; the rows come in their order */
export function readRows(
  sqlite: Database.Database,
  runs: readonly number[],
  { columns, sparkSeries }: Pick<RunQuery, 'columns' | 'sparkSeries'>,
  keys: Keys
): RunRow[] {
  const stored = sqlite.prepare<[string], StoredRow>(SELECT).all(JSON.stringify(runs))
  const byKey = new Map(stored.map((row) => [row.key, row]))
  const cells = columns ? readColumns(sqlite, runs, columns, keys) : readAll(sqlite, runs, keys)
  const sparks = readSparks(sqlite, runs, sparkSeries === null ? SPARK_SERIES : [sparkSeries])
  return runs.map((key) => {
    const row = byKey.get(key)!
    return {
      id: row.id,
      name: row.name,
      color: row.color,
      state: row.state as RunRow['state'],
      source: (row.source ?? 'studio') as RunRow['source'],
      datasetId: row.dataset_id ?? '',
      datasetName: row.dataset_name,
      createdAt: row.created_at,
      tags: fromJson<string[]>(row.tags),
      notes: row.notes,
      starred: row.starred === 1,
      archived: row.archived === 1,
      removed: row.removed === 1,
      values: cells.get(key)!,
      spark: sparks.get(key) ?? []
    }
  })
}

type SparkRow = [run: number, series: string, stride: number, means: Uint8Array, sum: number, count: number]

function readSparks(
  sqlite: Database.Database,
  runs: readonly number[],
  series: readonly string[]
): Map<number, number[]> {
  const rows = sqlite.prepare<[string, string], SparkRow>(SELECT_SPARKS).raw()
  const chosen = new Map<number, { place: number; spark: number[] }>()
  for (const [run, name, stride, means, pendingSum, pendingCount] of rows.all(
    JSON.stringify(runs),
    JSON.stringify(series)
  )) {
    const place = series.indexOf(name)
    if ((chosen.get(run)?.place ?? Infinity) <= place) continue
    chosen.set(run, { place, spark: sparkValues({ stride, means: unpackMeans(means), pendingSum, pendingCount }) })
  }
  return new Map([...chosen].map(([run, { spark }]) => [run, spark]))
}
