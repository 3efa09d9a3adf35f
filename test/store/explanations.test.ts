import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { explanationSchema, type Explanation } from '@shared/domain/explanation'
import { trainingConfigSchema } from '@shared/domain/training-config'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newRun } from '../fixtures/store'

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const US = 100
const THEM = 200
const nobody = (): boolean => false
const everybody = (): boolean => true

function explanation(id: string, changes: Partial<Explanation> = {}): Explanation {
  const nothing = { accuracy: null, seconds: null }
  return explanationSchema.parse({
    ...{ id, datasetId: 'd', datasetName: 'Birds', a: 'run a', b: 'run b', aName: "Ann's", bName: 'Ben' },
    ...{ state: 'running', budgetSeconds: 60, spentSeconds: 1, remainingSeconds: 9, seeds: [1], testImages: 3 },
    ...{ factors: [], measured: { a: nothing, b: nothing }, ends: { a: nothing, b: nothing } },
    ...{ gap: nothing, interaction: nothing, experiments: [], method: 'shapley', notes: [], verdict: 'Ben is better.' },
    ...{ error: null, createdAt: 1000, endedAt: null },
    ...changes
  })
}

test('an explanation comes back as it was saved, and the list has the newest first', async () => {
  const { explanations } = store
  const first = explanation('first')
  await explanations.create(first, US)
  await explanations.create(explanation('second', { createdAt: 2000 }), US)
  const done = { ...first, state: 'completed' as const, endedAt: 3000, verdict: 'A tie.' }
  await explanations.save(done)
  expect(await explanations.get('first')).toEqual(done)
  expect(await explanations.list()).toEqual([
    expect.objectContaining({ id: 'second', state: 'running', verdict: 'Ben is better.', endedAt: null }),
    {
      ...{ id: 'first', datasetName: 'Birds', a: 'run a', b: 'run b', aName: "Ann's", bName: 'Ben' },
      ...{ state: 'completed', verdict: 'A tie.', createdAt: 1000, endedAt: 3000 }
    }
  ])
  await explanations.remove('first')
  expect(await explanations.get('first')).toBeNull()
})

test('experiments are kept by what they follow from, once, byte for byte', async () => {
  const { explanations } = store
  const experiment = { id: 'a', accuracy: 2 / 3, seconds: 1.5, diverged: false, correct: Uint8Array.of(1, 0, 1) }
  const of = { datasetHash: 'content', config: trainingConfigSchema.parse({}) }
  await explanations.saveExperiment(experiment, of)
  await explanations.saveExperiment({ ...experiment, seconds: 2 }, of)
  const [found, ...others] = await explanations.experiments(['a', 'missing'])
  expect(others).toEqual([])
  expect({ ...found, correct: [...found!.correct] }).toEqual({ ...experiment, seconds: 2, correct: [1, 0, 1] })
  expect(await explanations.experiments([])).toEqual([])
})

test('one place for training: a run and an explanation wait for each other, and runs that wait come first', async () => {
  const { explanations, runs } = store
  await explanations.create(explanation('ours'), US)
  await explanations.create(explanation('theirs'), THEM)
  expect(await explanations.claim('ours', US, everybody)).toBeNull()
  expect(await explanations.claim('theirs', THEM, everybody)).toMatchObject({ id: 'ours' })
  const run = newRun(await addDataset(store, [newImage('cat/1.png')]), { state: 'queued', name: 'waits' })
  await runs.create(run, US)
  // Our own explanation counts, although nothing that is noted as our own does otherwise.
  expect(await runs.claim(run.id, US, nobody)).toMatchObject({ id: 'ours' })
  await explanations.release('ours')
  expect(await explanations.claim('ours', US, nobody)).toEqual({ id: run.id, name: 'waits' })
  expect(await runs.claim(run.id, US, nobody)).toBeNull()
  expect(await runs.get(run.id)).toMatchObject({ state: 'preparing' })
})

test('what belongs to a process that is gone holds no place, and is settled with the answer it had', async () => {
  const { explanations, runs } = store
  await explanations.create(explanation('gone'), THEM)
  expect(await explanations.claim('gone', THEM, everybody)).toBeNull()
  const run = newRun(await addDataset(store, [newImage('cat/1.png')]), { state: 'queued' })
  await runs.create(run, US)
  expect(await runs.claim(run.id, US, nobody)).toBeNull()
  expect(await explanations.get('gone')).toMatchObject({
    state: 'interrupted',
    verdict: 'Ben is better.',
    remainingSeconds: null
  })
  await runs.update(run.id, { state: 'completed' })
  await explanations.create(explanation('later'), THEM)
  await explanations.create(explanation('alive'), US)
  await explanations.interruptOrphans((pid) => pid === US)
  expect((await explanations.list()).map(({ id, state }) => [id, state]).sort()).toEqual([
    ['alive', 'running'],
    ['gone', 'interrupted'],
    ['later', 'interrupted']
  ])
})
