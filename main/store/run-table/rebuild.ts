/**
 * Fills what the table of runs is found by for runs that lack it: after the migration that brought it, and after a change of what is
 * kept, for which `VERSION` is to be counted up.
 */
import type Database from 'better-sqlite3'
import type { Selectable } from 'kysely'
import { toRun } from '../queries/rows'
import type { RunTable } from '../schema'
import { seriesUpkeep } from './series-upkeep'
import { valuesUpkeep } from './values-upkeep'

const VERSION = 2
const FACT = 'run-table.version'

/** Does nothing to a database that an older version of the schema is wanted of. */
export function rebuildRunTable(sqlite: Database.Database): void {
  const there = sqlite.prepare(`select 1 from sqlite_schema where name = 'run_words'`).get()
  if (!there || isCurrent(sqlite)) return
  const rebuild = sqlite.transaction(() => {
    // Another process may have done it while this one waited for the lock.
    if (isCurrent(sqlite)) return
    const values = valuesUpkeep(sqlite)
    const series = seriesUpkeep(sqlite)
    const select = sqlite.prepare<[number], Selectable<RunTable> & { dataset_id: string | null }>(
      `select runs.*, datasets.id as dataset_id from runs left join datasets on datasets.key = dataset_key where runs.key = ?`
    )
    for (const key of sqlite.prepare<[], number>('select key from runs').pluck().all()) {
      values.write(toRun(select.get(key)!))
      series.rebuild(key)
    }
    sqlite.prepare('insert or replace into facts values (?, ?, ?)').run(FACT, String(VERSION), Date.now())
  })
  rebuild.immediate()
}

const isCurrent = (sqlite: Database.Database): boolean =>
  sqlite.prepare('select value from facts where key = ?').pluck().get(FACT) === String(VERSION)
