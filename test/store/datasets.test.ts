import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newImport, newRun, writePredictions } from '../fixtures/store'

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

const all = (id: string, filter = {}) => store.datasets.images(id, filter, 0, 500)
const idsByPath = async (id: string): Promise<Record<string, number>> =>
  Object.fromEntries((await all(id)).images.map((image) => [image.path, image.id]))

/** A completed run whose only prediction is on the image. */
async function addRunOn(datasetId: string, imageId: number): Promise<string> {
  const run = newRun(datasetId)
  await store.runs.create(run, process.pid)
  const file = join(folder, 'predictions.safetensors')
  await writePredictions(file, [{ imageId, split: 'test', truth: 0, probabilities: [0.75, 0.25] }])
  await store.runs.ingestPredictions(run.id, file)
  await store.runs.update(run.id, { state: 'completed' })
  return run.id
}

describe('a dataset', () => {
  it('is importing until its first import was applied', async () => {
    const input = { id: 'one', name: 'Pets', root: '/pets', source: 'folder' as const, splitSeed: 5 }
    const created = await store.datasets.create(input, process.pid)
    expect(created).toMatchObject({ ...input, state: 'importing', imageCount: 0, refusedCount: 0, findings: [] })
    const refused = [{ path: 'cat/broken.png', code: 'image/corrupt' as const, message: 'It is cut short.' }]
    const findings = [{ code: 'dataset/imbalanced', severity: 'info' as const, title: 'Uneven' }]
    const changes = newImport([newImage('cat/1.png'), newImage('dog/1.png', { bytes: 5 })], { refused, findings })
    const ready = await store.datasets.applyImport('one', changes)
    expect(ready).toMatchObject({
      state: 'ready',
      imageCount: 2,
      classCount: 2,
      bytes: 1005,
      refusedCount: 1,
      findings
    })
    expect(await store.datasets.get('one')).toEqual(ready)
    expect(await store.datasets.list()).toEqual([ready])
    expect(await store.datasets.findByRoot('/pets')).toEqual(ready)
    expect(await store.datasets.findByRoot('/pet')).toBeNull()
    expect(await store.datasets.report('one')).toEqual({ ...changes.report, datasetId: 'one', refused, findings: [] })
    expect((await store.datasets.rename('one', 'Animals')).name).toBe('Animals')
    await expect(store.datasets.rename('two', 'x')).rejects.toMatchObject({ code: 'dataset/not-found' })
  })

  it('cannot be created twice for one folder', async () => {
    await addDataset(store, [newImage('cat/1.png')], '/pets')
    const again = { id: 'other', name: 'Pets', root: '/pets', source: 'folder' as const, splitSeed: 1 }
    await expect(store.datasets.create(again, 1)).rejects.toMatchObject({ code: 'dataset/busy' })
  })

  it('counts its classes by split, an empty class too', async () => {
    const images = [
      newImage('cat/1.png'),
      newImage('cat/2.png', { split: 'test' }),
      newImage('dog/1.png', { split: 'validation' })
    ]
    const id = await addDataset(store, images)
    expect(await store.datasets.classes(id)).toEqual([
      { index: 0, name: 'cat', train: 1, validation: 0, test: 1, total: 2 },
      { index: 1, name: 'dog', train: 0, validation: 1, test: 0, total: 1 }
    ])
  })

  it('is dropped when its first import died with its process', async () => {
    const make = (id: string, pid: number) =>
      store.datasets.create({ id, name: id, root: `/${id}`, source: 'folder', splitSeed: 1 }, pid)
    await make('dead', 1)
    await make('alive', 2)
    await make('ready', 1)
    await store.datasets.applyImport('ready', newImport([newImage('cat/1.png')]))
    expect(await store.datasets.dropUnfinished((pid) => pid === 2)).toEqual(['dead'])
    expect((await store.datasets.list()).map(({ id }) => id).sort()).toEqual(['alive', 'ready'])
  })
})

describe('images', () => {
  it('are filtered, paged and found', async () => {
    const id = await addDataset(store, [
      newImage('cat/100%.png', { hash: 'same' }),
      newImage('cat/b_b.png', { split: 'test' }),
      newImage('dog/été 猫 "q".png', { hash: 'same' }),
      newImage('dog/bxb.png')
    ])
    const paths = async (filter: object): Promise<string[]> => (await all(id, filter)).images.map(({ path }) => path)
    expect(await paths({})).toEqual(['cat/100%.png', 'cat/b_b.png', 'dog/bxb.png', 'dog/été 猫 "q".png'])
    expect(await paths({ label: 'dog' })).toEqual(['dog/bxb.png', 'dog/été 猫 "q".png'])
    expect(await paths({ split: 'test' })).toEqual(['cat/b_b.png'])
    expect(await paths({ search: '%' })).toEqual(['cat/100%.png'])
    expect(await paths({ search: 'b_b' })).toEqual(['cat/b_b.png'])
    expect(await paths({ search: '猫' })).toEqual(['dog/été 猫 "q".png'])
    expect(await paths({ duplicatesOnly: true })).toEqual(['cat/100%.png', 'dog/été 猫 "q".png'])
    expect(await paths({ duplicatesOnly: true, label: 'cat' })).toEqual(['cat/100%.png'])
    const page = await store.datasets.images(id, {}, 1, 2)
    expect(page.total).toBe(4)
    expect(page.images.map(({ path }) => path)).toEqual(['cat/b_b.png', 'dog/bxb.png'])
    expect(await store.datasets.image(page.images[1]!.id)).toEqual({
      id: page.images[1]!.id,
      datasetId: id,
      path: 'dog/bxb.png',
      label: 'dog',
      classIndex: 1,
      split: 'train',
      hash: 'hash of dog/bxb.png',
      width: 64,
      height: 48,
      bytes: 1000,
      format: 'png'
    })
    expect(await store.datasets.image(999)).toBeNull()
    expect((await store.datasets.trainingImages(id)).map(({ classIndex }) => classIndex)).toEqual([0, 0, 1, 1])
  })

  it('are known to the next import, with the time to the fraction', async () => {
    const id = await addDataset(store, [newImage('cat/1.png')])
    const { path, bytes, mtimeMs, hash, width, height, format, label, split } = newImage('cat/1.png')
    expect(await store.datasets.known(id)).toEqual([
      { path, bytes, mtimeMs, hash, width, height, format, label, split }
    ])
  })

  it('keep their id while path and content stay, and only then', async () => {
    const id = await addDataset(
      store,
      ['cat/1.png', 'cat/2.png', 'cat/3.png'].map((path) => newImage(path))
    )
    const before = await idsByPath(id)
    const images = [newImage('cat/1.png', { split: 'test' }), newImage('cat/2.png', { hash: 'new content' })]
    await store.datasets.applyImport(id, newImport(images))
    const after = await idsByPath(id)
    expect(after['cat/1.png']).toBe(before['cat/1.png'])
    expect(after['cat/2.png']).not.toBe(before['cat/2.png'])
    expect(Object.keys(after)).toEqual(['cat/1.png', 'cat/2.png'])
    expect(await store.datasets.image(before['cat/3.png']!)).toBeNull()
    expect(await store.datasets.imageHash(before['cat/3.png']!)).toBeNull()
  })

  it('take another split in one go', async () => {
    const id = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
    const images = [{ path: 'dog/1.png', split: 'test' as const }]
    const changes = { splitSeed: 9, splitSource: 'stratified' as const, contentHash: 'other', findings: [], images }
    expect(await store.datasets.applySplit(id, changes)).toMatchObject({ splitSeed: 9, contentHash: 'other' })
    expect((await all(id)).images.map(({ split }) => split)).toEqual(['train', 'test'])
  })
})

describe('what a run was measured on', () => {
  it('outlives a re-import that changed or removed its images', async () => {
    const id = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
    const before = await idsByPath(id)
    const runId = await addRunOn(id, before['cat/1.png']!)
    await store.datasets.applyImport(id, newImport([newImage('dog/1.png')]))
    expect((await all(id)).images.map(({ path }) => path)).toEqual(['dog/1.png'])
    const { predictions } = await store.runs.predictions(runId, { split: 'test' }, 0, 10)
    expect(predictions[0]).toMatchObject({ truth: 'cat', correct: true, image: { path: 'cat/1.png', label: 'cat' } })
    expect(await store.datasets.imageHash(before['cat/1.png']!)).toBe('hash of cat/1.png')
    // The picture comes back with its id, and goes for good once nothing shows it.
    await store.datasets.applyImport(id, newImport([newImage('cat/1.png'), newImage('dog/1.png')]))
    expect(await idsByPath(id)).toEqual(before)
    await store.datasets.applyImport(id, newImport([newImage('dog/1.png')]))
    await store.runs.remove([runId])
    await store.runs.purge([runId])
    expect(await store.datasets.imageHash(before['cat/1.png']!)).toBeNull()
  })

  it('is not forgotten while the run is still at work', async () => {
    const id = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
    const before = await idsByPath(id)
    const run = newRun(id, { state: 'running' })
    await store.runs.create(run, process.pid)
    await store.datasets.applyImport(id, newImport([newImage('dog/1.png')]))
    const file = join(folder, 'late.safetensors')
    const imageId = before['cat/1.png']!
    await writePredictions(file, [{ imageId, split: 'test', truth: 0, probabilities: [0.5, 0.5] }])
    await store.runs.ingestPredictions(run.id, file)
    expect((await store.runs.evaluation(run.id, 'test'))?.count).toBe(1)
  })

  it('outlives the dataset itself, which goes with its last run', async () => {
    const id = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')], '/pets')
    const imageId = (await idsByPath(id))['cat/1.png']!
    const runId = await addRunOn(id, imageId)
    await store.datasets.remove(id)
    expect(await store.datasets.get(id)).toBeNull()
    expect(await store.datasets.list()).toEqual([])
    expect(await store.datasets.image(imageId)).toBeNull()
    expect((await store.runs.evaluation(runId, 'test'))?.accuracy).toBe(1)
    expect(await store.runs.get(runId)).toMatchObject({ datasetId: id, state: 'completed' })
    const again = await addDataset(store, [newImage('cat/1.png')], '/pets')
    expect(again).not.toBe(id)
    await store.runs.remove([runId])
    await store.runs.purge([runId])
    expect(await store.datasets.imageHash(imageId)).toBeNull()
    await expect(store.datasets.remove(id)).rejects.toMatchObject({ code: 'dataset/not-found' })
  })
})
