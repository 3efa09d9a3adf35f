/** The table of runs against what plain JavaScript says of the same runs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '@shared/domain/run'
import { runQuerySchema, runTableSchema, type RunTable } from '@shared/domain/run-query'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { openDatabase } from '../../main/store/database'
import { readAll, readColumns } from '../../main/store/run-table/cells'
import { readKeys } from '../../main/store/run-table/keys'
import type { Store } from '../../main/store/store'
import { seriesName, syntheticRuns } from '../bench/support/synthetic-runs'
import { fillStore } from '../bench/support/synthetic-store'
import { newRun } from '../fixtures/store'

const SIZES = { runs: 60, metrics: 4, steps: 30, seed: 5 }

let folder: string
let store: Store
let runs: Run[]
const ask = async (query: object): Promise<RunTable> =>
  runTableSchema.parse(await store.runs.table(runQuerySchema.parse(query)))
const named = async (filter: string): Promise<string[]> => (await ask({ filter })).rows.map(({ id }) => id)
const ids = (those: readonly Run[]): string[] =>
  [...those].sort((a, b) => b.createdAt - a.createdAt).map(({ id }) => id)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
  await fillStore(store, SIZES)
  const imported = { source: 'mlflow' as const, origin: '/runs', settings: { lr: 0.25, deep: true, opt: 'Ädam' } }
  const foreign = newRun('', {
    id: 'foreign',
    name: "=cmd|' /C calc'!A0",
    datasetName: '',
    imported,
    state: 'completed'
  })
  await store.runs.create({ ...foreign, createdAt: 1, notes: 'Straße, "no. 7"' }, process.pid)
  const point = (series: string, step: number, value: number) => ({ series, step, epoch: step, timeMs: step, value })
  const points = [3, 1, 2].map((value, step) => point('val_loss', step + 1, value))
  await store.runs.appendPoints('foreign', [
    ...points,
    ...[5, 6, 7].map((value, step) => point('val acc', step + 1, value))
  ])
  runs = await store.runs.list()
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

describe('a filter', () => {
  const own = (run: Run): boolean => run.imported === null
  const accuracy = (run: Run): number => run.test?.accuracy ?? Number.NaN

  it.each<[string, (run: Run) => boolean]>([
    ['', () => true],
    [
      'preset = default and test.accuracy > .8',
      (run) => own(run) && run.config.preset === 'default' && accuracy(run) > 0.8
    ],
    ['test.accuracy > 80%', (run) => accuracy(run) > 0.8],
    ['tag:good', (run) => run.tags.includes('good')],
    ['tag ~ OO', (run) => run.tags.includes('good')],
    ['tag = none', (run) => run.tags.length === 0],
    ['tag != good', (run) => !run.tags.includes('good')],
    ['name ~ 0003', (run) => run.name.includes('0003')],
    ['name !~ 0003', (run) => !run.name.includes('0003')],
    ['backbone in (resnet-50, mobilenet-v2)', (run) => own(run) && run.config.backboneId !== 'efficientnet-lite0'],
    ['backbone not in (resnet-50)', (run) => !own(run) || run.config.backboneId !== 'resnet-50'],
    ['preset != default', (run) => !own(run) || run.config.preset !== 'default'],
    ['preset = none', (run) => !own(run)],
    ['preset != none', own],
    ['seed = 3', (run) => own(run) && run.config.seed === 3],
    [
      'head.learningRate <= 3e-4 or seed in (1, 2)',
      (run) => own(run) && (run.config.head.learningRate <= 3e-4 || [1, 2].includes(run.config.seed))
    ],
    [
      'not (seed = 1 or seed = 2) baseline',
      (run) => run.tags.includes('baseline') && ![1, 2].includes(run.config.seed)
    ],
    ['earlyStopping.enabled = true', own],
    ['starred = false', () => true],
    ['imported.deep = true', (run) => !own(run)],
    ['imported.opt ~ äda', (run) => !own(run)],
    ['imported.lr < .3', (run) => !own(run)],
    ['source = mlflow', (run) => !own(run)],
    ['straße', (run) => !own(run)],
    ['SYNTHETIC-0001', (run) => run.name.includes('synthetic-0001')],
    ['created < 2000-01-01', (run) => !own(run)],
    ['dataset = Synthetic', own],
    ['best.val_loss = 1', (run) => !own(run)],
    ['"max.val acc" >= 7', (run) => !own(run)],
    ['last.train_loss = none', (run) => !own(run)],
    ['best.rss_bytes > 3', () => false],
    ['name = "3"', () => false],
    ['name ~ "%" or name ~ \'_\'', () => false]
  ])('%s', async (filter, matches) => {
    expect(await named(filter)).toEqual(ids(runs.filter(matches)))
  })

  it('compares what series come to', async () => {
    const finals = new Map<string, { last: number; min: number }>()
    for (const { run, points } of syntheticRuns(SIZES)) {
      const values = points().flatMap(({ series, value }) => (series === 'train_loss' ? [value!] : []))
      finals.set(run.id, { last: values.at(-1)!, min: Math.min(...values) })
    }
    const some = [...finals.values()].map(({ last }) => last).sort((a, b) => a - b)[20]!
    const below = runs.filter(({ id }) => (finals.get(id)?.last ?? Infinity) < some)
    expect(below).toHaveLength(20)
    expect(await named(`last.train_loss < ${String(some)}`)).toEqual(ids(below))
    const { rows } = await ask({ columns: ['min.train_loss', 'best.train_loss', 'tag'] })
    for (const { id, values, tags } of rows) {
      const min = finals.get(id)?.min ?? null
      expect(values).toEqual({ 'min.train_loss': min, 'best.train_loss': min, tag: tags.join(', ') || null })
    }
  })

  it.each([
    ['preste = default', 0, 6, "did you mean 'preset'?"],
    ['seed = 1 and learningRate > 1', 13, 25, "did you mean 'head.learningRate'?"],
    ['weather = good', 0, 7, "there is no 'weather'."],
    ['last.train_loss > high', 18, 22, 'is a number'],
    ['last.train_loss ~ 3', 18, 19, 'is a number'],
    ['tag > 3', 6, 7, 'a tag is compared'],
    ['"val acc" = 7', 0, 9, "did you mean 'best.val acc'?"],
    ['a or (', 6, 6, 'missing']
  ])('%s is refused at its place', async (filter, start, end, problem) => {
    const refusal = await ask({ filter }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'query/invalid', details: { start, end } })
    expect(String(refusal)).toContain(problem)
  })

  it('takes nothing from outside as SQL', async () => {
    for (const text of ["'; drop table runs; --", '") or 1=1 --', "a' or '1'='1"]) {
      const quoted = `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
      for (const filter of [`name = ${quoted}`, `name ~ ${quoted}`, `tag = ${quoted}`, quoted])
        expect(await named(filter)).toEqual([])
      await expect(named(`${quoted} = 3`)).rejects.toMatchObject({ code: 'query/invalid' })
      expect((await ask({ sort: [{ key: text }], columns: [text], groupBy: [text], facets: [text] })).total).toBe(
        runs.length
      )
    }
  })
})

describe('the order', () => {
  const order = async (...sort: object[]): Promise<RunTable['rows']> =>
    (await ask({ sort, columns: ['test.accuracy', 'preset', 'last.train_loss', 'seed'] })).rows

  it.each(['test.accuracy', 'last.train_loss', 'seed', 'preset', 'name', 'created'])(
    'by %s, with nothing last',
    async (key) => {
      for (const descending of [false, true]) {
        const { rows } = await ask({ sort: [{ key, descending }], columns: [key] })
        const values = rows.map((row) => row.values[key]!).filter((value) => value !== null)
        const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1))
        expect(values).toEqual(sorted)
        expect(rows.slice(values.length).every((row) => row.values[key] === null)).toBe(true)
        expect(rows).toHaveLength(runs.length)
      }
    }
  )

  it('by several keys, then the newest first', async () => {
    const rows = await order({ key: 'preset' }, { key: 'seed', descending: true })
    for (const [at, row] of rows.entries()) {
      const next = rows[at + 1]
      if (!next || next.values['preset'] !== row.values['preset']) continue
      expect(Number(row.values['seed'])).toBeGreaterThanOrEqual(Number(next.values['seed']))
      if (row.values['seed'] === next.values['seed']) expect(row.createdAt).toBeGreaterThan(next.createdAt)
    }
  })

  it('holds from page to page', async () => {
    const sort = [{ key: 'preset' }]
    const whole = (await ask({ sort })).rows.map(({ id }) => id)
    const pages = await Promise.all([0, 25, 50, 75].map((offset) => ask({ sort, offset, limit: 25 })))
    expect(pages.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual(whole)
    expect(pages.map(({ total }) => total)).toEqual([61, 61, 61, 61])
    expect((await ask({ limit: 0 })).rows).toEqual([])
  })
})

it('groups runs, with mean and spread of their figures', async () => {
  const { groups, total } = await ask({ groupBy: ['preset'], sort: [{ key: 'test.accuracy', descending: true }] })
  expect(groups!.reduce((sum, { count }) => sum + count, 0)).toBe(total)
  for (const { values, runIds, measures, count } of groups!) {
    const own = runs.filter((run) => (run.imported ? null : run.config.preset) === values['preset'])
    expect([...runIds].sort()).toEqual(own.map(({ id }) => id).sort())
    expect(count).toBe(own.length)
    const accuracies = own.flatMap(({ test }) => (test ? [test.accuracy] : []))
    if (accuracies.length === 0) {
      expect(measures['test.accuracy']).toBeUndefined()
      continue
    }
    const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length
    const squares = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    expect(measures['test.accuracy']!.mean).toBeCloseTo(mean, 12)
    expect(measures['test.accuracy']!.deviation).toBeCloseTo(Math.sqrt(squares / (accuracies.length - 1)), 12)
    expect(measures['test.accuracy']).toMatchObject({ min: Math.min(...accuracies), max: Math.max(...accuracies) })
  }
  const means = groups!.map(({ measures }) => measures['test.accuracy']?.mean ?? null)
  expect(means.slice(0, -1)).toEqual([...means.slice(0, -1)].sort((a, b) => b! - a!))
  expect(means.at(-1)).toBeNull()
  const bySeed = await ask({ groupBy: ['seedGroup', 'mode'], columns: ['last.train_loss'] })
  expect(bySeed.groups!.every(({ values }) => /^[0-9a-f]{10}$/.test(String(values['seedGroup'])))).toBe(true)
})

it('puts runs that differ in their seed alone into one group', async () => {
  const base = runs.find(({ imported }) => !imported)!
  const twins = [7, 8, 9].map((seed) => ({ ...base, id: `twin-${String(seed)}`, config: { ...base.config, seed } }))
  for (const twin of twins) await store.runs.create(twin, process.pid)
  const other = { ...base, id: 'twin-other', config: { ...base.config, head: { ...base.config.head, dropout: 0.33 } } }
  await store.runs.create(other, process.pid)
  const { groups } = await ask({ filter: 'twin', groupBy: ['seedGroup'] })
  expect(groups!.map(({ count }) => count)).toEqual([3, 1])
  const all = [...twins, other].map(({ id }) => id)
  await store.runs.remove(all)
  expect(await named('twin')).toEqual([])
  expect((await ask({ filter: 'twin', archived: 'removed' })).rows.every(({ removed }) => removed)).toBe(true)
  await store.runs.purge(all)
  expect((await ask({ filter: 'twin', archived: 'removed' })).total).toBe(0)
})

it('counts values over all that match', async () => {
  const facets = ['preset', 'tag', 'seed', 'starred', 'nothing', 'test.accuracy']
  const filter = 'backbone = resnet-50'
  const table = await ask({ filter, facets, limit: 1 })
  const own = runs.filter(({ imported, config }) => !imported && config.backboneId === 'resnet-50')
  const counted = (values: (string | number | boolean)[]): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
    return counts
  }
  const shown = Object.fromEntries(
    table.facets.map(({ key, values }) => [
      key,
      Object.fromEntries(values.map(({ value, count }) => [String(value), count]))
    ])
  )
  expect(shown['preset']).toEqual(counted(own.map(({ config }) => config.preset)))
  expect(shown['seed']).toEqual(counted(own.map(({ config }) => config.seed)))
  expect(shown['tag']).toEqual(counted(own.flatMap(({ tags }) => tags)))
  expect(table.facets.find(({ key }) => key === 'starred')!.values).toEqual([{ value: false, count: own.length }])
  expect(shown['nothing']).toEqual({})
  for (const { values } of table.facets) {
    const counts = values.map(({ count }) => count)
    expect(counts).toEqual([...counts].sort((a, b) => b - a))
  }
})

it('tells which columns there are, and which differ', async () => {
  const columns = new Map((await store.runs.tableColumns()).map((column) => [column.key, column]))
  expect(columns.get('head.learningRate')).toMatchObject({ kind: 'number', group: 'setting', varies: true })
  expect(columns.get('head.epochs')).toMatchObject({ kind: 'number', varies: false })
  expect(columns.get('starred')).toMatchObject({ kind: 'boolean', group: 'fact', varies: false })
  expect(columns.get('source')).toMatchObject({ kind: 'text', group: 'fact', varies: true })
  expect(columns.get('test.accuracy')).toMatchObject({ kind: 'number', group: 'metric', varies: true })
  expect(columns.get('imported.deep')).toMatchObject({ kind: 'boolean', group: 'setting' })
  expect(columns.has(`best.${seriesName(0)}`)).toBe(true)
  expect(columns.has('fineTune.epochs')).toBe(false)
})

it('shows what is written on runs, many at once and all or none', async () => {
  const [a, b] = (await ask({ limit: 2 })).rows.map(({ id }) => id) as [string, string]
  const changed = await store.runs.annotate([a, b], { tags: { add: ['neu', 'neu'], remove: ['good'] }, starred: true })
  expect(changed.every(({ tags }) => tags.filter((tag) => tag === 'neu').length === 1)).toBe(true)
  expect(await named('tag:neu starred = true')).toEqual([a, b])
  await store.runs.annotate([a], { notes: 'Überraschung', archived: true })
  expect(await named('überraschung')).toEqual([])
  const archived = await ask({ filter: 'überraschung', archived: 'yes' })
  expect(archived.rows).toMatchObject([{ id: a, archived: true, starred: true, notes: 'Überraschung' }])
  expect((await ask({ archived: 'all' })).total).toBe((await ask({})).total + 1)
  const { archivedAt } = (await store.runs.get(a))!
  await store.runs.annotate([a], { archived: true })
  expect((await store.runs.get(a))!.archivedAt).toBe(archivedAt)
  await expect(store.runs.annotate([b, 'nothing'], { notes: 'never' })).rejects.toMatchObject({ code: 'run/not-found' })
  expect((await store.runs.get(b))!.notes).toBe('')
  await store.runs.annotate([a, b], { tags: { add: [], remove: ['neu'] }, notes: '', starred: false, archived: false })
  expect(await named('tag:neu or starred = true')).toEqual([])
})

it('reads the same columns whole as it seeks run by run', async () => {
  const { sqlite } = await openDatabase(join(folder, 'whetstone.db'))
  const keys = readKeys(sqlite)
  const names = (await store.runs.tableColumns()).map(({ key }) => key)
  const some = sqlite.prepare<[], number>('select key from runs where key % 3 > 0').pluck().all()
  const whole = readColumns(sqlite, some, [...names, 'tag', 'nothing'], keys, 0)
  expect(whole).toEqual(readColumns(sqlite, some, [...names, 'tag', 'nothing'], keys, Infinity))
  const all = readAll(sqlite, some, keys)
  for (const [run, values] of all) expect(whole.get(run)).toMatchObject(values)
  sqlite.close()
})
