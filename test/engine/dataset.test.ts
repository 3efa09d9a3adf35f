/** What an imported dataset answers to, with the real worker and a real database. */
import { mkdir, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Dataset } from '@shared/domain/dataset'
import { buildImportWorker, numbered, openDatasets, writePictures, type DatasetsBench } from '../fixtures/datasets'
import { newRun } from '../fixtures/store'

let bench: DatasetsBench
let root: string

beforeAll(buildImportWorker)
beforeEach(async () => {
  bench = await openDatasets()
  root = join(bench.folder, 'pictures')
  await mkdir(root)
})
afterEach(() => bench.close())

const at = (...path: string[]): string => join(root, ...path)

async function imported(path = root): Promise<{ dataset: Dataset }> {
  const { dataset, job } = await bench.importFolder({ path })
  expect(job.error).toBeNull()
  return { dataset: dataset! }
}

describe('a dataset', () => {
  it('is split anew when asked to', async () => {
    await writePictures(root, [
      'train/cat/1.png',
      'train/cat/2.png',
      'train/dog/1.png',
      'val/cat/3.png',
      'test/dog/4.png'
    ])
    const { dataset } = await imported()
    const drawn = await bench.datasets.resplit(dataset.id, 7)
    expect(drawn).toMatchObject({ splitSource: 'stratified', splitSeed: 7, imageCount: 5 })
    expect(drawn.contentHash).not.toBe(dataset.contentHash)
    expect(
      (await bench.datasets.classes(dataset.id)).map(({ train, validation, test }) => [train, validation, test])
    ).toEqual([
      [1, 1, 1],
      [1, 0, 1]
    ])
    expect((await bench.datasets.resplit(dataset.id, 7)).contentHash).toBe(drawn.contentHash)
    // Looked at again, the draw stays.
    expect((await imported()).dataset.contentHash).toBe(drawn.contentHash)
  })

  it('takes the seed of its first import', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 20))
    const { dataset } = await bench.importFolder({ path: root, splitSeed: 5, name: 'Pets' })
    expect(dataset).toMatchObject({ splitSeed: 5, name: 'Pets' })
    const redrawn = await bench.datasets.resplit(dataset!.id, 5)
    expect(redrawn.contentHash).toBe(dataset!.contentHash)
  })

  it('is not removed under a run at work, and its files are never touched', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    const { dataset } = await imported()
    const run = newRun(dataset.id, { state: 'running' })
    await bench.store.runs.create(run, process.pid)
    await expect(bench.datasets.remove(dataset.id)).rejects.toMatchObject({ code: 'dataset/in-use' })
    await bench.store.runs.update(run.id, { state: 'completed' })
    const [image] = (await bench.datasets.images(dataset.id, {}, 0, 1)).images
    await bench.datasets.remove(dataset.id)
    await expect(bench.datasets.imageFile(image!.id)).rejects.toMatchObject({ code: 'image/not-found' })
    await expect(bench.datasets.get(dataset.id)).rejects.toMatchObject({ code: 'dataset/not-found' })
    expect(await readdir(at('cat'))).toHaveLength(3)
    expect(await bench.store.runs.get(run.id)).toMatchObject({ datasetId: dataset.id })
  })

  it('gives out no file that does not lie in its folder', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    await writeFile(join(bench.folder, 'secret.txt'), 'secret')
    const { dataset } = await imported()
    const [image] = (await bench.datasets.images(dataset.id, {}, 0, 1)).images
    await unlink(at('cat', '1.png'))
    await expect(bench.datasets.imageFile(image!.id)).rejects.toMatchObject({ code: 'image/not-found' })
    await symlink(join(bench.folder, 'secret.txt'), at('cat', '1.png'))
    await expect(bench.datasets.imageFile(image!.id)).rejects.toMatchObject({ code: 'image/not-found' })
    await rm(at('cat'), { recursive: true })
    await symlink(bench.folder, at('cat'))
    await writePictures(bench.folder, ['1.png'])
    await expect(bench.datasets.imageFile(image!.id)).rejects.toMatchObject({ code: 'image/not-found' })
    await rm(root, { recursive: true })
    await expect(bench.datasets.imageFile(image!.id)).rejects.toMatchObject({ code: 'dataset/folder-missing' })
    await expect(bench.datasets.thumbnailFile(4711)).rejects.toMatchObject({ code: 'image/not-found' })
  })

  it('has a name of its own unless it is given one, and tells when it changes', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    await writePictures(join(bench.folder, 'other', 'pictures'), numbered(['cat', 'dog'], 3))
    let changes = 0
    bench.datasets.onChange(() => changes++)
    await imported()
    expect((await imported(join(bench.folder, 'other', 'pictures'))).dataset.name).toBe('pictures 2')
    const seen = changes
    expect(seen).toBeGreaterThan(2)
    await bench.datasets.rename((await bench.datasets.resolve('pictures 2')).id, 'pictures')
    expect(changes).toBe(seen + 1)
    await expect(bench.datasets.resolve('pictures')).rejects.toMatchObject({ code: 'dataset/ambiguous' })
  })
})
