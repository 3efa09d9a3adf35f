import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newRun, writePredictions } from '../fixtures/store'

let folder: string
let store: Store
let datasetId: string
const ids = new Map<string, number>()
const classes = ['cat', 'dog']

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
  datasetId = await addDataset(store, [
    newImage('cat/train.png', { hash: 'same' }),
    newImage('cat/leak.png', { hash: 'same', split: 'test', width: 300, height: 300 }),
    newImage('cat/tall.png', { split: 'test', width: 111, height: 400 }),
    newImage('cat/quarrel.png', { hash: 'quarrel', split: 'test', width: 800, height: 500 }),
    newImage('dog/quarrel.png', { hash: 'quarrel', split: 'test', width: 112, height: 150 })
  ])
  for (const { id, path } of (await store.datasets.images(datasetId, {}, 0, 10)).images) ids.set(path, id)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** A run whose test predictions are these: path → probability of 'dog'. */
async function addRun(dog: Record<string, number>, names = classes): Promise<string> {
  const run = newRun(datasetId, { classes: names })
  await store.runs.create(run, process.pid)
  const rows = Object.entries(dog).map(([path, share]) => ({
    imageId: ids.get(path)!,
    split: 'test' as const,
    truth: names.indexOf(path.split('/')[0]!),
    probabilities: names.map((name) => (name === 'dog' ? share : 1 - share))
  }))
  const file = join(folder, 'p.safetensors')
  await writePredictions(file, rows)
  await store.runs.ingestPredictions(run.id, file)
  return run.id
}
const ALL = { 'cat/leak.png': 0.25, 'cat/tall.png': 0.75, 'cat/quarrel.png': 0.125, 'dog/quarrel.png': 0.375 }

it('gives the probabilities of a split, or of a slice of it, as columns', async () => {
  const id = await addRun(ALL)
  const whole = await store.runs.probabilities(id, 'test')
  expect([...whole.imageIds]).toEqual([...whole.imageIds].sort((a, b) => a - b))
  const place = [...whole.imageIds].indexOf(ids.get('cat/tall.png')!)
  expect([...whole.probabilities.slice(2 * place, 2 * place + 2)]).toEqual([0.25, 0.75])
  expect(whole.truth.filter((truth) => truth === 1)).toHaveLength(1)
  const dogs = await store.runs.probabilities(id, 'test', { label: 'dog' })
  expect([...dogs.probabilities]).toEqual([0.625, 0.375])
  const leaked = await store.runs.probabilities(id, 'test', { trait: 'in-training' })
  expect([...leaked.imageIds]).toEqual([ids.get('cat/leak.png')])
  expect((await store.runs.probabilities(id, 'validation')).imageIds).toHaveLength(0)
  expect((await store.runs.probabilities(id, 'test', { label: 'unicorn' })).truth).toHaveLength(0)
})

it('counts the traits of the images and what was right among them', async () => {
  const id = await addRun(ALL)
  const counts = async (label?: string) =>
    Object.fromEntries((await store.runs.traitCounts(id, 'test', label)).map((c) => [c.trait, [c.count, c.right]]))
  expect(await counts()).toEqual({
    repeated: [3, 2],
    'in-training': [1, 1],
    conflicting: [2, 1],
    'side-under-112': [1, 0],
    'side-112-223': [1, 0],
    'side-224-447': [1, 1],
    'side-from-448': [1, 1],
    tall: [2, 0],
    squarish: [1, 1],
    wide: [1, 1]
  })
  expect((await counts('dog'))['conflicting']).toEqual([1, 0])
  expect((await store.runs.traitCounts(id, 'validation'))[0]).toEqual({ trait: 'repeated', count: 0, right: 0 })
})

it('filters and orders the gallery', async () => {
  const id = await addRun(ALL)
  const paths = async (filter: object) =>
    (await store.runs.predictions(id, { split: 'test', ...filter }, 0, 10)).predictions.map(({ image }) => image.path)
  expect(await paths({ wrongOnly: true })).toEqual(['cat/tall.png', 'dog/quarrel.png'])
  expect(await paths({ wrongOnly: true, order: 'least-sure' })).toEqual(['dog/quarrel.png', 'cat/tall.png'])
  expect(await paths({ trait: 'wide' })).toEqual(['cat/quarrel.png'])
  expect((await store.runs.predictions(id, { split: 'test', trait: 'repeated' }, 0, 1)).total).toBe(3)
})

it('pairs the test images of two runs by content, the n-th of one content with the n-th', async () => {
  const a = await addRun(ALL)
  const b = await addRun({ 'cat/tall.png': 0.5625, 'dog/quarrel.png': 0.875 }, ['dog', 'cat'])
  const paired = await store.runs.pairedPredictions(a, b)
  // Of the content that A saw twice, B saw one: it is matched with A's first, which is a cat there.
  expect([...paired.a.imageIds]).toEqual([ids.get('cat/tall.png'), ids.get('cat/quarrel.png')])
  expect([...paired.b.imageIds]).toEqual([ids.get('cat/tall.png'), ids.get('dog/quarrel.png')])
  expect([...paired.a.predicted]).toEqual([1, 0])
  expect([...paired.b.predicted]).toEqual([0, 0])
  expect([...paired.b.truth]).toEqual([1, 0])
  expect([...paired.b.probability]).toEqual([0.5625, 0.875])
})

it('gives predictions in the order that was asked', async () => {
  const id = await addRun(ALL)
  const asked = ['dog/quarrel.png', 'cat/leak.png'].map((path) => ids.get(path)!)
  const found = await store.runs.predictionsOf(id, 'test', [...asked, 4711])
  expect(found.map(({ image, correct }) => [image.path, correct])).toEqual([
    ['dog/quarrel.png', false],
    ['cat/leak.png', true]
  ])
  expect(await store.runs.predictionsOf(id, 'test', [])).toEqual([])
})
