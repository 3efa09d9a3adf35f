/** The hot queries must find their rows by an index, whatever the tables grow to. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
  const run = newRun(datasetId)
  runId = run.id
  await store.runs.create(run, process.pid)
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
    evaluation: await plan(runs('evaluation'), runId, 'test'),
    predictions: await plan(runs('predictions'), runId, { split: 'test', truth: 'cat' }, 0, 100),
    outcomes: await plan(runs('testOutcomes'), runId),
    unfinished: await plan(runs('unfinished'))
  }
  for (const [name, steps] of Object.entries(plans)) {
    const scans = steps.filter((step) => step.startsWith('SCAN') && !step.includes('USING'))
    expect({ name, scans }).toEqual({ name, scans: [] })
    expect(steps.some((step) => step.startsWith('SEARCH') || step.includes('USING'))).toBe(true)
  }
  const uses = (name: keyof typeof plans, index: string): boolean => plans[name].some((step) => step.includes(index))
  expect(uses('label', 'images_by_label')).toBe(true)
  expect(uses('duplicates', 'images_by_hash')).toBe(true)
  expect(uses('evaluation', 'COVERING INDEX predictions_by_outcome')).toBe(true)
  expect(uses('predictions', 'predictions_by_outcome')).toBe(true)
  expect(uses('unfinished', 'runs_active')).toBe(true)
  // A page of pictures comes out of the index in its order: nothing is sorted, however many images there are.
  expect(plans.page.concat(plans.label, plans.points).filter((step) => step.includes('TEMP B-TREE'))).toEqual([])
})
