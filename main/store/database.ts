/**
 * Opens the database file: looks at it without changing it, refuses what is damaged, foreign or from the future, brings the
 * rest to the newest version with a copy kept beside it, and sets what every connection needs.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { StudioError } from '@shared/errors'
import { StoreDialect } from './dialect'
import { MIGRATIONS } from './migrations'
import { rebuildRunTable } from './run-table/rebuild'
import type { Schema } from './schema'
import { folderError, storeError } from './sqlite-errors'

/** 'Whst', in the header of the file: whose database it is (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x57687374

/** The first bytes of every SQLite database (https://www.sqlite.org/fileformat.html, 1.3). */
const MAGIC = 'SQLite format 3\0'

/** 256 MB are read in half a second or so. */
const WHOLE_CHECK_BYTES = 256e6

export interface DatabaseOptions {
  /** By name, oldest first. */
  migrations?: Readonly<Record<string, Migration>>
  /** How long a write waits for another process. */
  busyTimeoutMs?: number
  /** A larger file is checked but for its metric points, so that a start stays quick. */
  wholeCheckBytes?: number
}

export interface Connection {
  readonly file: string
  /** For bulk inserts and pragmas; everything else goes through `db`. */
  readonly sqlite: Database.Database
  readonly db: Kysely<Schema>
}

/**
 * @throws StudioError store/newer, store/corrupt, store/locked, store/disk-full, store/unwritable; the file is then as it was.
 */
export async function openDatabase(file: string, options: DatabaseOptions = {}): Promise<Connection> {
  const { migrations = MIGRATIONS, busyTimeoutMs = 5000, wholeCheckBytes = WHOLE_CHECK_BYTES } = options
  await prepareFolder(dirname(file))
  let sqlite: Database.Database | null = null
  try {
    const executed = await inspect(file, migrations, busyTimeoutMs, wholeCheckBytes)
    sqlite = new Database(file, { timeout: busyTimeoutMs })
    await enableWriteAheadLog(sqlite, busyTimeoutMs)
    const isNewest = executed.length === Object.keys(migrations).length
    if (executed.length > 0 && !isNewest) {
      await backUp(sqlite, `${file}.backup-${executed.at(-1)!.slice(0, 4)}`)
    }
    const db = new Kysely<Schema>({ dialect: new StoreDialect(sqlite) })
    if (!isNewest) await migrate(sqlite, db, migrations)
    sqlite.pragma('foreign_keys = on')
    rebuildRunTable(sqlite)
    return { file, sqlite, db }
  } catch (error) {
    sqlite?.close()
    throw storeError(error, file)
  }
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw folderError(error, folder)
  }
}

/**
 * Reads without writing, so that a file that is refused is left byte for byte as it was.
 * @returns the names of the migrations that the database has seen; none when it is new.
 */
async function inspect(
  file: string,
  migrations: Readonly<Record<string, Migration>>,
  timeout: number,
  wholeCheckBytes: number
): Promise<string[]> {
  const bytes = await databaseSize(file)
  if (bytes === 0) return []
  const sqlite = new Database(file, { readonly: true, timeout })
  try {
    const tables = sqlite.prepare<[], string>(`select name from sqlite_schema where type = 'table'`).pluck().all()
    refuseDamaged(sqlite, file, bytes <= wholeCheckBytes ? null : tables.filter((name) => name !== 'metric_points'))
    if (tables.length === 0) return []
    if (sqlite.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      // The tables of the migrator may be there alone, when the very first start was cut short between them and the rest.
      if (tables.every((table) => table.startsWith('kysely_'))) return []
      throw corrupt(file, 'it is the database of another program')
    }
    const executed = sqlite.prepare<[], string>('select name from kysely_migration order by name').pluck().all()
    const unknown = executed.filter((name) => !(name in migrations))
    if (unknown.length > 0) {
      const message = `The database '${file}' was written by a newer Whetstone (it has '${unknown[0]}').`
      throw new StudioError('store/newer', message, { file, unknown })
    }
    return executed
  } finally {
    sqlite.close()
  }
}

/** @param tables to look at; null: all, and the pages that belong to none. @throws StudioError store/corrupt */
function refuseDamaged(sqlite: Database.Database, file: string, tables: string[] | null): void {
  for (const what of tables === null ? ['1'] : tables.map((name) => `'${name}'`)) {
    const damage = sqlite.pragma(`quick_check(${what})`, { simple: true })
    if (damage !== 'ok') throw corrupt(file, String(damage))
  }
}

/** @returns 0 when the file is not there. @throws StudioError store/corrupt when it is something else than a database */
async function databaseSize(file: string): Promise<number> {
  let handle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw folderError(error, file)
  }
  try {
    const start = Buffer.alloc(MAGIC.length)
    const { bytesRead } = await handle.read(start, 0, start.length, 0)
    if (bytesRead > 0 && start.toString('latin1') !== MAGIC) throw corrupt(file, 'it is not an SQLite database')
    return (await handle.stat()).size
  } catch (error) {
    throw folderError(error, file)
  } finally {
    await handle.close()
  }
}

const corrupt = (file: string, why: string): StudioError =>
  new StudioError('store/corrupt', `The database '${file}' cannot be used: ${why}.`, { file, why })

/** Two processes that open a new file at once may meet in the switch, for which SQLite does not wait by itself. */
async function enableWriteAheadLog(sqlite: Database.Database, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    try {
      sqlite.pragma('journal_mode = wal')
      return
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!busy || Date.now() >= until) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** A consistent copy, complete or not there at all. */
async function backUp(sqlite: Database.Database, copy: string): Promise<void> {
  const partial = `${copy}.partial`
  try {
    await sqlite.backup(partial)
    await rename(partial, copy)
  } catch (error) {
    await rm(partial, { force: true })
    throw folderError(error, copy)
  }
}

/** All that is missing, in one transaction. */
async function migrate(
  sqlite: Database.Database,
  db: Kysely<Schema>,
  migrations: Readonly<Record<string, Migration>>
): Promise<void> {
  // A table is rebuilt under a new name and renamed; with foreign keys on, dropping the old one would take its children along.
  sqlite.pragma('foreign_keys = off')
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
