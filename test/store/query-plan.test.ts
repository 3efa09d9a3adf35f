/** The hot queries must find their rows by an index, whatever the tables grow to. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runQuerySchema } from '@shared/domain/run-query'
import { createDispatcher, type StoreCall } from '../../main/store/backend'
import { openDatabase, type Connection } from '../../main/store/database'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { addDataset, newImage, newRun, writePredictions } from '../fixtures/store'

let folder: string
let connection: Connection
let datasetId: string
let runId: string
const statements: { source: string; parameters: unknown[] }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  const file = join(folder, 'whetstone.db')
  const store = await openStoreInProcess(file)
  datasetId = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
  const run = newRun(datasetId, { test: { accuracy: 0.9, loss: 0.3, macroF1: 0.9, count: 10 } })
  runId = run.id
  await store.runs.create(run, process.pid)
  await store.runs.appendPoints(run.id, [{ ...point, step: 1 }])
  const predictions = join(folder, 'p.safetensors')
  await writePredictions(predictions, [{ imageId: 1, split: 'test', truth: 0, probabilities: [1, 0] }])
  await store.runs.ingestPredictions(run.id, predictions)
  await store.close()
  connection = await openDatabase(file)
  // Every statement is prepared on this connection: what is prepared is what is asked.
  const prepare = connection.sqlite.prepare.bind(connection.sqlite)
  connection.sqlite.prepare = ((source: string) => {
    statements.push({ source, parameters: [] })
    return prepare(source)
  }) as typeof connection.sqlite.prepare
})
afterAll(async () => {
  connection.sqlite.close()
  await rm(folder, { recursive: true })
})

/** What SQLite would do for each statement of a call, one line a step. */
async function plan(call: Omit<StoreCall, 'args'>, ...args: unknown[]): Promise<string[]> {
  statements.length = 0
  await createDispatcher(connection)({ ...call, args })
  const sqlite = new Database(connection.file, { readonly: true })
  const steps = statements
    .filter(({ source }) => /^\s*(select|delete|update|with)/i.test(source))
    .flatMap(({ source }) => {
      const rows = sqlite.prepare(`explain query plan ${source.replaceAll('?', 'null')}`).all() as { detail: string }[]
      return rows.map(({ detail }) => detail)
    })
  sqlite.close()
  return steps
}

const point = { series: 'train_loss', step: 2, epoch: 1, timeMs: 1, value: 1 }
const query = (query: object) => runQuerySchema.parse(query)
const datasets = (method: string) => ({ area: 'datasets' as const, method })
const runs = (method: string) => ({ area: 'runs' as const, method })

it('searches by index in every hot query', async () => {
  const plans = {
    page: await plan(datasets('images'), datasetId, {}, 0, 100),
    label: await plan(datasets('images'), datasetId, { label: 'cat' }, 0, 100),
    duplicates: await plan(datasets('images'), datasetId, { duplicatesOnly: true }, 0, 100),
    image: await plan(datasets('image'), 1),
    known: await plan(datasets('known'), datasetId),
    training: await plan(datasets('trainingImages'), datasetId),
    classes: await plan(datasets('classes'), datasetId),
    run: await plan(runs('get'), runId),
    resolve: await plan(runs('resolve'), runId.slice(0, 6)),
    points: await plan(runs('points'), runId),
    after: await plan(runs('pointsAfter'), runId, {}),
    evaluation: await plan(runs('evaluation'), runId, 'test'),
    predictions: await plan(runs('predictions'), runId, { split: 'test', truth: 'cat' }, 0, 100),
    probabilities: await plan(runs('probabilities'), runId, 'test', { label: 'cat', trait: 'in-training' }),
    traits: await plan(runs('traitCounts'), runId, 'test'),
    outcomes: await plan(runs('testOutcomes'), runId),
    unfinished: await plan(runs('unfinished')),
    append: await plan(runs('appendPoints'), runId, [point]),
    newest: await plan(runs('table'), query({})),
    filtered: await plan(runs('table'), query({ filter: 'preset = default and test.accuracy > .8 and tag:good' })),
    series: await plan(runs('table'), query({ filter: 'best.train_loss < 1', sort: [{ key: 'last.train_loss' }] })),
    sorted: await plan(
      runs('table'),
      query({ sort: [{ key: 'test.accuracy', descending: true }], groupBy: ['preset'] })
    ),
    columns: await plan(runs('tableColumns'))
  }
  for (const [name, steps] of Object.entries(plans)) {
    // A list that the statement was given, the names of keys (a hundred, however many runs there are), and what the plan itself made.
    const small = /^SCAN (json_each|names|run|run_keys|\(subquery|CONSTANT)/
    const scans = steps.filter((step) => step.startsWith('SCAN') && !step.includes('USING') && !small.test(step))
    expect({ name, scans }).toEqual({ name, scans: [] })
    expect(steps.some((step) => step.startsWith('SEARCH') || step.includes('USING'))).toBe(true)
  }
  const uses = (name: keyof typeof plans, index: string): boolean => plans[name].some((step) => step.includes(index))
  expect(uses('label', 'images_by_label')).toBe(true)
  expect(uses('duplicates', 'images_by_hash')).toBe(true)
  expect(uses('evaluation', 'COVERING INDEX predictions_by_outcome')).toBe(true)
  expect(uses('predictions', 'predictions_by_outcome')).toBe(true)
  expect(uses('traits', 'images_by_hash')).toBe(true)
  expect(uses('unfinished', 'runs_active')).toBe(true)
  expect(uses('newest', 'COVERING INDEX runs_by_shelf')).toBe(true)
  expect(uses('filtered', 'COVERING INDEX run_values_by_text (key_id=? AND text=?)')).toBe(true)
  expect(uses('filtered', 'COVERING INDEX run_values_by_number (key_id=? AND number>?)')).toBe(true)
  expect(uses('filtered', 'COVERING INDEX run_tags_by_tag (tag=?)')).toBe(true)
  expect(uses('series', 'SEARCH run_series USING PRIMARY KEY (series=?)')).toBe(true)
  expect(uses('series', 'SEARCH s0 USING PRIMARY KEY (series=? AND run_key=?) LEFT-JOIN')).toBe(true)
  expect(uses('sorted', 'SEARCH s0 USING PRIMARY KEY (run_key=? AND key_id=?) LEFT-JOIN')).toBe(true)
  // A page of pictures comes out of the index in its order: nothing is sorted, however many images there are.
  expect(plans.page.concat(plans.label, plans.points).filter((step) => step.includes('TEMP B-TREE'))).toEqual([])
})
