import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { newAnnotations } from '@shared/domain/run-annotations'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDispatcher } from '../../main/store/backend'
import { openDatabase } from '../../main/store/database'
import { MIGRATIONS } from '../../main/store/migrations'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { addDataset, newImage, newRun } from '../fixtures/store'

const names = Object.keys(MIGRATIONS)
const upTo = (count: number) => Object.fromEntries(names.slice(0, count).map((name) => [name, MIGRATIONS[name]!]))
const later = (name: string, statement: string): Record<string, Migration> => ({
  ...MIGRATIONS,
  [name]: { up: async (db: Kysely<unknown>): Promise<void> => void (await sql.raw(statement).execute(db)) }
})

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  file = join(folder, 'whetstone.db')
})
afterEach(() => rm(folder, { recursive: true }))

/** Every table and index, as SQL. */
function schemaOf(path: string): unknown[] {
  const sqlite = new Database(path, { readonly: true })
  const rows = sqlite.prepare('select type, name, sql from sqlite_schema order by type, name').all()
  sqlite.close()
  return rows
}

/** A database with one run of five points. @returns the run's id */
async function fill(path = file): Promise<string> {
  const store = await openStoreInProcess(path)
  const run = newRun(await addDataset(store, [newImage('cat/1.png')]), { name: 'kept' })
  await store.runs.create(run, process.pid)
  await store.runs.appendPoints(
    run.id,
    [1, 2, 3, 4, 5].map((step) => ({ series: 'train_loss', step, epoch: step, timeMs: step, value: step }))
  )
  await store.close()
  return run.id
}

describe('opening', () => {
  it('makes the folder and a database of the newest version, with write-ahead log and strict tables', async () => {
    const deep = join(folder, 'a home', 'ünïcode', 'whetstone.db')
    const { sqlite } = await openDatabase(deep)
    expect(sqlite.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(sqlite.pragma('foreign_keys', { simple: true })).toBe(1)
    expect(sqlite.pragma('foreign_key_check')).toEqual([])
    const tables = sqlite.pragma('table_list') as { name: string; strict: number; schema: string }[]
    const own = tables.filter(({ name, schema }) => schema === 'main' && !/^(sqlite|kysely)_/.test(name))
    expect(own.map(({ name }) => name).sort()).toEqual([
      'classes',
      'datasets',
      'experiments',
      'explanations',
      'facts',
      'images',
      'import_reports',
      'metric_points',
      'predictions',
      'refused_files',
      'run_keys',
      'run_series',
      'run_sparks',
      'run_tags',
      'run_values',
      'run_words',
      'runs'
    ])
    expect(own.every(({ strict }) => strict === 1)).toBe(true)
    sqlite.close()
  })

  it('brings every earlier version to the same schema as a new database, with a copy of what was before', async () => {
    await openDatabase(join(folder, 'new.db')).then(({ sqlite }) => sqlite.close())
    for (let version = 1; version <= names.length; version++) {
      const old = join(folder, `version-${version}.db`)
      await openDatabase(old, { migrations: upTo(version) }).then(({ sqlite }) => sqlite.close())
      await openDatabase(old).then(({ sqlite }) => sqlite.close())
      expect(schemaOf(old)).toEqual(schemaOf(join(folder, 'new.db')))
    }
    expect(names).toEqual([...names].sort())
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1))
  })

  it('keeps the runs of the first version, with their points and their colours, and lets them rest and go on', async () => {
    const { sqlite } = await openDatabase(file, { migrations: upTo(1) })
    const config = { mode: 'head', head: { epochs: 7 } }
    const environment = { frozenExecutor: 'onnxruntime', device: 'CPU', threads: 2, versions: {} }
    sqlite.exec(`
      insert into datasets (key, id, name, root, source, state, owner_pid, split_source, split_seed, created_at, updated_at)
        values (3, 'd', 'Pets', '/pets', 'folder', 'ready', 1, 'stratified', 1, 1, 1);
      insert into runs (key, id, name, color, dataset_key, dataset_name, dataset_hash, image_count, classes, config, state,
          owner_pid, environment, epochs_done, created_at)
        values (5, 'r', 'first', 4, 3, 'Pets', 'hash', 10, '["a","b"]', '${JSON.stringify(config)}', 'interrupted',
          1, '${JSON.stringify(environment)}', 2, 1);
      insert into metric_points values (5, 'train_loss', 1, 0.5, 10, 0.25, 0);
    `)
    sqlite.close()
    const store = await openStoreInProcess(file)
    const run = (await store.runs.get('r'))!
    expect(run).toMatchObject({ name: 'first', color: 4, datasetId: 'd', state: 'interrupted', checkpoint: null })
    expect(run.environment).toEqual({ ...environment, hashes: null })
    // What the first version did not know of is read as what it did.
    expect(run.config).toMatchObject({ head: { epochs: 7, method: 'gradient' } })
    expect(await store.runs.points('r')).toEqual([
      { series: 'train_loss', step: 1, epoch: 0.5, timeMs: 10, value: 0.25 }
    ])
    await store.runs.resume('r', process.pid)
    expect((await store.runs.update('r', { state: 'paused' })).state).toBe('paused')
    await store.runs.remove(['r'])
    await store.close()
  })

  it('keeps the runs of the second version with all that hangs on them, and nothing written on them yet', async () => {
    const { sqlite } = await openDatabase(file, { migrations: upTo(2) })
    sqlite.exec(`
      insert into datasets (key, id, name, root, source, state, owner_pid, split_source, split_seed, created_at, updated_at)
        values (3, 'd', 'Pets', '/pets', 'folder', 'ready', 1, 'stratified', 1, 1, 1);
      insert into images (id, dataset_key, path, label, split, hash, width, height, bytes, format, mtime_ms)
        values (9, 3, 'a/1.png', 'a', 'test', 'h', 1, 1, 1, 'png', 1);
      insert into runs (key, id, name, color, dataset_key, dataset_name, dataset_hash, image_count, classes, config, state,
          owner_pid, checkpoint, created_at)
        values (5, 'r', 'second', 4, 3, 'Pets', 'hash', 10, '["a","b"]', '{}', 'paused', 1, '{"step":7}', 1);
      insert into metric_points values (5, 'train_loss', 1, 0.5, 10, 0.25, 0);
      insert into predictions values (5, 9, 'test', 0, 0, 0.75, 0.75, x'0000403f0000803e');
    `)
    sqlite.close()
    const store = await openStoreInProcess(file)
    expect(await store.runs.get('r')).toMatchObject({
      ...newAnnotations(),
      name: 'second',
      color: 4,
      datasetId: 'd',
      state: 'paused',
      checkpoint: { step: 7 }
    })
    expect(await store.runs.points('r')).toHaveLength(1)
    expect((await store.runs.evaluation('r', 'test'))?.accuracy).toBe(1)
    await store.close()
    const { sqlite: after } = await openDatabase(file)
    expect(after.pragma('foreign_key_check')).toEqual([])
    // A run without a dataset is one that was imported.
    const orphan = `insert into runs (id, name, color, dataset_name, dataset_hash, image_count, classes, config, state, owner_pid,
      created_at, imported) values ('x', '', 0, '', '', 0, '[]', '{}', 'completed', 1, 1, `
    expect(() => after.exec(`${orphan} null)`)).toThrow('CHECK')
    after.exec(`${orphan} '{}')`)
    after.close()
  })

  it('keeps a copy beside a database that it migrates, and none where there is nothing to migrate', async () => {
    const runId = await fill()
    await openStoreInProcess(file).then((store) => store.close())
    expect((await readdir(folder)).filter((name) => name.includes('backup'))).toEqual([])
    const migrations = later('9000-more', 'create table more (x integer) strict')
    await openStoreInProcess(file, { migrations }).then((store) => store.close())
    const copies = (await readdir(folder)).filter((name) => name.includes('backup'))
    expect(copies).toEqual([`whetstone.db.backup-${names.at(-1)!.slice(0, 4)}`])
    const copy = await openStoreInProcess(join(folder, copies[0]!))
    expect(await copy.runs.points(runId)).toHaveLength(5)
    await copy.close()
  })

  it('leaves everything as it was when a migration fails half-way', async () => {
    const runId = await fill()
    const before = schemaOf(file)
    const migrations = later('9000-broken', 'create table half (x integer) strict')
    migrations['9001-broken'] = {
      up: async (db) => void (await sql.raw('insert into half select name from no_such_table').execute(db))
    }
    await expect(openStoreInProcess(file, { migrations })).rejects.toThrow('no_such_table')
    expect(schemaOf(file)).toEqual(before)
    const store = await openStoreInProcess(file)
    expect(await store.runs.points(runId)).toHaveLength(5)
    await store.close()
  })
})

describe('refusing, byte for byte untouched', () => {
  const refused = async (code: string): Promise<void> => {
    const before = await readFile(file)
    await expect(openStoreInProcess(file, { busyTimeoutMs: 200 })).rejects.toMatchObject({ code })
    expect((await readFile(file)).equals(before)).toBe(true)
  }

  it('a database from the future', async () => {
    await fill()
    await openStoreInProcess(file, { migrations: later('9999-future', 'create table later (x integer) strict') }).then(
      (store) => store.close()
    )
    await refused('store/newer')
  })

  it('a file that is no database', async () => {
    await writeFile(file, 'Dear diary, '.repeat(1000))
    await refused('store/corrupt')
  })

  it('a database cut short', async () => {
    await fill()
    const bytes = await readFile(file)
    await writeFile(file, bytes.subarray(0, bytes.length - 3 * 4096))
    await refused('store/corrupt')
  })

  it('a database with damaged pages', async () => {
    await fill()
    const bytes = await readFile(file)
    bytes.fill(0xa5, 4096, bytes.length)
    await writeFile(file, bytes)
    await refused('store/corrupt')
  })

  it('a large database, of which not every page is looked at', async () => {
    await fill()
    await openStoreInProcess(file, { wholeCheckBytes: 0 }).then((store) => store.close())
    const bytes = await readFile(file)
    const sqlite = new Database(file, { readonly: true })
    const root = sqlite.prepare<[], number>(`select rootpage from sqlite_schema where name = 'runs'`).pluck().get()!
    sqlite.close()
    bytes.fill(0xa5, (root - 1) * 4096, root * 4096)
    await writeFile(file, bytes)
    await expect(openStoreInProcess(file, { wholeCheckBytes: 0 })).rejects.toMatchObject({ code: 'store/corrupt' })
    await refused('store/corrupt')
  })

  it('the database of another program', async () => {
    const other = new Database(file)
    other.exec('create table notes (text)')
    other.close()
    await refused('store/corrupt')
  })

  it('a database that another program holds', async () => {
    await fill()
    const other = new Database(file)
    other.pragma('locking_mode = exclusive')
    other.exec('begin exclusive; update runs set color = 9')
    const began = Date.now()
    await expect(openStoreInProcess(file, { busyTimeoutMs: 200 })).rejects.toMatchObject({ code: 'store/locked' })
    expect(Date.now() - began).toBeLessThan(3000)
    other.exec('rollback')
    other.close()
    const store = await openStoreInProcess(file)
    expect((await store.runs.resolve('kept')).color).toBe(0)
    await store.close()
  })

  it('a folder that cannot be', async () => {
    await writeFile(join(folder, 'a file'), '')
    await expect(openStoreInProcess(join(folder, 'a file', 'whetstone.db'))).rejects.toMatchObject({
      code: 'store/unwritable'
    })
    await mkdir(file)
    await expect(openStoreInProcess(file)).rejects.toMatchObject({ code: 'store/unwritable' })
  })
})

describe('trouble while it is open', () => {
  it('is told as a full disk, and what was stored before is intact', async () => {
    const runId = await fill()
    const connection = await openDatabase(file)
    const call = createDispatcher(connection)
    // SQLite's own ceiling gives the same result code as a disk without space.
    connection.sqlite.pragma(`max_page_count = ${Number(connection.sqlite.pragma('page_count', { simple: true })) + 4}`)
    const points = Array.from({ length: 20_000 }, (_, step) => ({
      series: 'train_accuracy',
      step,
      epoch: 0,
      timeMs: 0,
      value: 1
    }))
    await expect(call({ area: 'runs', method: 'appendPoints', args: [runId, points] })).rejects.toMatchObject({
      code: 'store/disk-full'
    })
    expect(await call({ area: 'runs', method: 'points', args: [runId] })).toHaveLength(5)
    await call({ area: 'facts', method: 'set', args: ['theme', 'dark'] })
    connection.sqlite.close()
    const store = await openStoreInProcess(file)
    expect(await store.facts.get('theme')).toBe('dark')
    await store.close()
  })

  it('is told as a lock when another program writes for longer than one waits', async () => {
    await fill()
    const store = await openStoreInProcess(file, { busyTimeoutMs: 100 })
    const other = new Database(file)
    other.exec('begin immediate')
    await expect(store.facts.set('key', 1)).rejects.toMatchObject({ code: 'store/locked' })
    other.exec('rollback')
    other.close()
    await store.facts.set('key', { nested: [1, null, 'x'] })
    expect(await store.facts.get('key')).toEqual({ nested: [1, null, 'x'] })
    expect(await store.facts.get('nothing')).toBeNull()
    await store.close()
  })
})
