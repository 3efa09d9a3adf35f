import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newRun, writePredictions } from '../fixtures/store'

let folder: string
let store: Store
let runId: string
let file: string
let ids: number[]

const classes = ['cat', 'dog', 'eel']

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  file = join(folder, 'predictions.safetensors')
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
  const paths = ['cat/1', 'cat/2', 'dog/1', 'dog/2', 'eel/1', 'eel/2'].map((name) => newImage(`${name}.png`))
  const datasetId = await addDataset(store, paths)
  ids = (await store.datasets.images(datasetId, {}, 0, 10)).images.map(({ id }) => id)
  const run = newRun(datasetId, { classes })
  runId = run.id
  await store.runs.create(run, process.pid)
  const row = (index: number, truth: number, probabilities: number[], split: 'test' | 'validation' = 'test') => ({
    imageId: ids[index]!,
    split,
    truth,
    probabilities
  })
  await writePredictions(file, [
    row(0, 0, [0.5, 0.25, 0.25]),
    row(1, 0, [0.25, 0.625, 0.125]),
    row(2, 1, [0.125, 0.75, 0.125]),
    row(3, 1, [0.0625, 0.0625, 0.875]),
    row(4, 2, [0, 1, 0]),
    row(5, 2, [0.25, 0.25, 0.5], 'validation')
  ])
  await store.runs.ingestPredictions(runId, file)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

it('evaluates a split by hand-made figures', async () => {
  const evaluation = await store.runs.evaluation(runId, 'test')
  expect(evaluation).toMatchObject({ runId, split: 'test', classes, count: 5, accuracy: 2 / 5 })
  expect(evaluation!.confusion).toEqual([
    [1, 1, 0],
    [0, 1, 1],
    [0, 1, 0]
  ])
  // cat: precision 1/1, recall 1/2. dog: precision 1/3, recall 1/2. eel: never right.
  expect(
    evaluation!.perClass.map(({ label, precision, recall, support }) => [label, precision, recall, support])
  ).toEqual([
    ['cat', 1, 1 / 2, 2],
    ['dog', 1 / 3, 1 / 2, 2],
    ['eel', 0, 0, 1]
  ])
  expect(evaluation!.perClass.map(({ f1 }) => f1)).toEqual([2 / 3, 2 / 5, 0].map((value) => expect.closeTo(value, 12)))
  expect(evaluation!.macroF1).toBeCloseTo((2 / 3 + 2 / 5) / 3, 12)
  // −ln of 0.5, 0.25, 0.75, 0.0625 and of nothing, which counts as 1e-7.
  const loss = -[0.5, 0.25, 0.75, 0.0625, 1e-7].reduce((sum, value) => sum + Math.log(value), 0) / 5
  expect(evaluation!.loss).toBeCloseTo(loss, 9)
  // Wilson (1927) for 2 of 5: (0.1176, 0.7693), as in R's binom::binom.wilson.
  expect(evaluation!.interval[0]).toBeCloseTo(0.1176, 4)
  expect(evaluation!.interval[1]).toBeCloseTo(0.7693, 4)
  expect((await store.runs.evaluation(runId, 'validation'))?.accuracy).toBe(1)
  expect(await store.runs.evaluation(runId, 'train')).toBeNull()
})

it('shows mistakes first, the most certain at the top, then the least certain of what is right', async () => {
  const { total, predictions } = await store.runs.predictions(runId, { split: 'test' }, 0, 10)
  expect(total).toBe(5)
  expect(predictions.map(({ image }) => image.path)).toEqual(
    ['eel/1', 'dog/2', 'cat/2', 'cat/1', 'dog/1'].map((n) => `${n}.png`)
  )
  expect(predictions[1]).toMatchObject({ truth: 'dog', predicted: 'eel', confidence: 0.875, correct: false })
  expect(predictions[1]!.top).toEqual([
    { label: 'eel', probability: 0.875 },
    { label: 'cat', probability: 0.0625 },
    { label: 'dog', probability: 0.0625 }
  ])
  expect(predictions[1]!.image).toMatchObject({ id: ids[3], label: 'dog', classIndex: 1, split: 'test', width: 64 })
})

it('filters by cell of the confusion matrix', async () => {
  const paths = async (filter: object): Promise<string[]> =>
    (await store.runs.predictions(runId, { split: 'test', ...filter }, 0, 10)).predictions.map(
      ({ image }) => image.path
    )
  expect(await paths({ truth: 'dog', predicted: 'eel' })).toEqual(['dog/2.png'])
  expect(await paths({ predicted: 'dog' })).toEqual(['eel/1.png', 'cat/2.png', 'dog/1.png'])
  expect(await paths({ wrongOnly: true, truth: 'cat' })).toEqual(['cat/2.png'])
  expect(await paths({ truth: 'unicorn' })).toEqual([])
  const page = await store.runs.predictions(runId, { split: 'test' }, 1, 2)
  expect([page.total, page.predictions.length]).toEqual([5, 2])
})

it('shows calibrated probabilities of a calibrated run, and keeps those that it gave', async () => {
  const filter = { split: 'test', truth: 'cat', predicted: 'cat' } as const
  const first = async () => (await store.runs.predictions(runId, filter, 0, 1)).predictions[0]!
  const before = await first()
  const rows = (await store.runs.probabilities(runId, 'test')).probabilities
  const measured = { nllBefore: 1, nllAfter: 0.9, eceBefore: 0.2, eceAfter: 0.1, count: 5 }
  await store.runs.update(runId, { calibration: { temperature: 2, ...measured } })
  const after = await first()
  const roots = before.top.map(({ probability }) => Math.sqrt(probability))
  const sum = roots.reduce((total, root) => total + root, 0)
  after.top.forEach(({ probability }, place) => expect(probability).toBeCloseTo(roots[place]! / sum, 6))
  expect(after).toMatchObject({ confidence: after.top[0]!.probability, predicted: 'cat' })
  expect((await store.runs.probabilities(runId, 'test')).probabilities).toEqual(rows)
  await store.runs.update(runId, { calibration: null })
})

it('gives the outcomes of the test split for paired tests', async () => {
  const outcomes = await store.runs.testOutcomes(runId)
  expect(outcomes.map(({ path, correct }) => [path, correct])).toEqual([
    ['cat/1.png', true],
    ['cat/2.png', false],
    ['dog/1.png', true],
    ['dog/2.png', false],
    ['eel/1.png', false]
  ])
  expect(outcomes[0]).toMatchObject({ imageId: ids[0], hash: 'hash of cat/1.png', truth: 0, predicted: 0 })
})

it('replaces what an earlier file said, and nothing when a file does not fit', async () => {
  const one = { imageId: ids[0]!, split: 'test' as const, truth: 0 }
  await writePredictions(file, [{ ...one, probabilities: [0.25, 0.75] }])
  await expect(store.runs.ingestPredictions(runId, file)).rejects.toMatchObject({ code: 'internal' })
  await writePredictions(file, [{ ...one, probabilities: [NaN, 0, 0] }])
  await expect(store.runs.ingestPredictions(runId, file)).rejects.toMatchObject({ code: 'run/diverged' })
  await writePredictions(file, [
    { ...one, probabilities: [0, 1, 0] },
    { ...one, imageId: 4711, probabilities: [0, 1, 0] }
  ])
  await expect(store.runs.ingestPredictions(runId, file)).rejects.toThrow('FOREIGN KEY')
  expect((await store.runs.evaluation(runId, 'test'))?.count).toBe(5)
  await writePredictions(file, [{ ...one, probabilities: [0, 1, 0] }])
  await store.runs.ingestPredictions(runId, file)
  expect((await store.runs.evaluation(runId, 'test'))?.count).toBe(1)
})
