/** Imports through the service, the real worker in a process of its own, and a real database. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, readdir, rename, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp, { type Sharp } from 'sharp'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Dataset } from '@shared/domain/dataset'
import {
  buildImportWorker,
  numbered,
  openDatasets,
  picture,
  writePictures,
  type DatasetsBench
} from '../fixtures/datasets'
import { blackPng } from '../fixtures/odd-images'

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
const pathsOf = async (dataset: Dataset, filter = {}): Promise<string[]> =>
  (await bench.datasets.images(dataset.id, filter, 0, 500)).images.map(({ path }) => path)

/** The import must succeed. */
async function imported(
  path = root
): Promise<{ dataset: Dataset; report: NonNullable<Awaited<ReturnType<DatasetsBench['importFolder']>>['report']> }> {
  const { dataset, report, job } = await bench.importFolder({ path })
  expect(job.error).toBeNull()
  return { dataset: dataset!, report: report! }
}

/** The import must fail, and leave no dataset. */
async function failed(): Promise<{ code: string; message: string; hint: string }> {
  const { dataset, job } = await bench.importFolder({ path: root })
  expect([dataset, job.state]).toEqual([null, 'failed'])
  expect(await bench.datasets.list()).toEqual([])
  return job.error!
}

describe('a folder of labelled images', () => {
  it('becomes a dataset with classes, a split, thumbnails and originals, and stays as it was itself', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 20))
    await writeFile(at('cat', 'notes.txt'), 'not an image')
    const before = await readFile(at('cat', '1.png'))
    const started = await bench.datasets.import({ path: root })
    expect(started.dataset).toMatchObject({ state: 'importing', root, name: 'pictures', splitSeed: 1 })
    expect(started.job).toMatchObject({ kind: 'import', state: 'running', datasetId: started.dataset.id })
    const { dataset, report, job } = await bench.wait(Promise.resolve(started))
    expect(job).toMatchObject({ state: 'done', done: job.total })
    expect(dataset).toMatchObject({
      state: 'ready',
      imageCount: 40,
      classCount: 2,
      refusedCount: 0,
      splitSource: 'stratified'
    })
    expect(report).toMatchObject({
      scanned: 41,
      imported: 40,
      added: 40,
      ignored: 1,
      changed: 0,
      removed: 0,
      refused: []
    })
    expect(await bench.datasets.classes(dataset!.id)).toEqual([
      { index: 0, name: 'cat', train: 14, validation: 3, test: 3, total: 20 },
      { index: 1, name: 'dog', train: 14, validation: 3, test: 3, total: 20 }
    ])
    const [image] = (await bench.datasets.images(dataset!.id, {}, 0, 1)).images
    expect(image).toMatchObject({
      path: 'cat/1.png',
      label: 'cat',
      width: 160,
      height: 120,
      format: 'png',
      bytes: before.length
    })
    expect(await bench.datasets.imageFile(image!.id)).toEqual({ path: at('cat', '1.png'), format: 'png' })
    const thumbnail = await sharp(await bench.datasets.thumbnailFile(image!.id)).metadata()
    expect(thumbnail).toMatchObject({ format: 'webp', width: 160, height: 120 })
    expect((await readFile(at('cat', '1.png'))).equals(before)).toBe(true)
    expect((await readdir(at('cat'))).length).toBe(21)
    expect(await bench.datasets.resolve(root)).toEqual(dataset)
    expect(await bench.datasets.resolve('pictures')).toEqual(dataset)
    expect(await bench.datasets.resolve(dataset!.id.slice(0, 5))).toEqual(dataset)
  })

  it('is upright, in any format, with names of all kinds', async () => {
    await mkdir(at('猫 "quoted" it\'s'))
    await mkdir(at('Ünï çødé', 'deeper', 'still'), { recursive: true })
    const save = async (path: string[], image: Sharp): Promise<void> => writeFile(at(...path), await image.toBuffer())
    await save(['猫 "quoted" it\'s', 'ro tated.jpg'], picture(1).jpeg().withMetadata({ orientation: 6 }))
    await save(['猫 "quoted" it\'s', '#1 100%.webp'], picture(2).webp())
    await save(['猫 "quoted" it\'s', 'big.tiff'], picture(3, 600, 300).tiff())
    await save(['Ünï çødé', 'a.GIF'], picture(4).gif())
    await save(['Ünï çødé', 'deeper', 'still', 'b.avif'], picture(5).avif())
    await save(['Ünï çødé', 'really a png.jpg'], picture(6).png())
    const { dataset, report } = await imported()
    expect(report.refused).toEqual([])
    const { images } = await bench.datasets.images(dataset.id, {}, 0, 10)
    expect(images.map(({ path, width, height, format }) => [path, width, height, format])).toEqual([
      ['Ünï çødé/a.GIF', 160, 120, 'gif'],
      ['Ünï çødé/deeper/still/b.avif', 160, 120, 'avif'],
      ['Ünï çødé/really a png.jpg', 160, 120, 'png'],
      ['猫 "quoted" it\'s/#1 100%.webp', 160, 120, 'webp'],
      ['猫 "quoted" it\'s/big.tiff', 600, 300, 'tiff'],
      ['猫 "quoted" it\'s/ro tated.jpg', 120, 160, 'jpeg']
    ])
    const thumbnail = await sharp(await bench.datasets.thumbnailFile(images[4]!.id)).metadata()
    expect([thumbnail.width, thumbnail.height]).toEqual([192, 96])
  })

  it('may bring its split along', async () => {
    await writePictures(root, [
      'Train/cat/1.png',
      'Train/cat/2.png',
      'Train/dog/1.png',
      'VAL/cat/3.png',
      'test/dog/4.png'
    ])
    const { dataset } = await imported()
    expect(dataset).toMatchObject({ splitSource: 'folders', classCount: 2 })
    expect(await pathsOf(dataset, { split: 'validation' })).toEqual(['VAL/cat/3.png'])
    expect(await pathsOf(dataset, { split: 'test' })).toEqual(['test/dog/4.png'])
  })

  it('keeps copies of one picture in one split, and says that they are there', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 10))
    const bytes = await readFile(at('cat', '1.png'))
    for (const name of ['cat/copy.png', 'cat/copy 2.png', 'dog/copy.png']) await writeFile(at(name), bytes)
    const { dataset } = await imported()
    expect(dataset.findings.map(({ code, count }) => [code, count])).toEqual([
      ['dataset/conflicting-labels', 1],
      ['dataset/duplicates', 3]
    ])
    const { images } = await bench.datasets.images(dataset.id, { duplicatesOnly: true }, 0, 10)
    expect(images).toHaveLength(4)
    expect(new Set(images.map(({ split }) => split)).size).toBe(1)
  })
})

describe('bad input', () => {
  it('is a line in the report for each file that cannot be used', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    const whole = await sharp(Buffer.from(Array.from({ length: 300 * 300 * 3 }, (_, index) => (index * 7919) % 251)), {
      raw: { width: 300, height: 300, channels: 3 }
    })
      .jpeg()
      .toBuffer()
    await writeFile(at('cat', 'truncated.jpg'), whole.subarray(0, whole.length / 2))
    await writeFile(at('cat', 'empty.jpg'), '')
    await writeFile(at('cat', 'text.jpg'), 'This is a text.\n')
    await writeFile(at('cat', 'huge.png'), blackPng(20_000, 20_000))
    await writeFile(at('cat', 'noise.png'), Buffer.concat([blackPng(8, 8).subarray(0, 40), Buffer.alloc(100, 7)]))
    await writeFile(at('cat', 'phone.heic'), 'ftypheic')
    await writeFile(at('stray.png'), await picture(99).png().toBuffer())
    await promisify(execFile)('mkfifo', [at('cat', 'pipe.jpg')])
    const { dataset, report } = await imported()
    expect(report.refused.map(({ path, code }) => [path, code])).toEqual([
      ['cat/empty.jpg', 'image/empty-file'],
      ['cat/huge.png', 'image/too-large'],
      ['cat/noise.png', 'image/corrupt'],
      ['cat/phone.heic', 'image/unsupported'],
      ['cat/pipe.jpg', 'image/unsupported'],
      ['cat/text.jpg', 'image/unsupported'],
      ['cat/truncated.jpg', 'image/corrupt'],
      ['stray.png', 'image/unlabelled']
    ])
    for (const { path, message } of report.refused) {
      expect(message).toContain(`'${path}'`)
      expect(message).not.toContain(root)
    }
    expect(dataset).toMatchObject({ imageCount: 6, refusedCount: 8 })
    expect(dataset.findings).toContainEqual(expect.objectContaining({ code: 'dataset/refused', count: 8 }))
  })

  it('is a coded failure where nothing can be trained on', async () => {
    expect(await failed()).toMatchObject({ code: 'dataset/empty' })
    await mkdir(at('empty label'))
    expect(await failed()).toMatchObject({ code: 'dataset/empty' })
    await writePictures(root, ['1.png', '2.png'])
    expect(await failed()).toMatchObject({ code: 'dataset/no-labels' })
    await writePictures(root, numbered(['cat'], 3))
    const error = await failed()
    expect(error).toMatchObject({ code: 'dataset/one-class' })
    expect(error.message).toContain("'cat'")
    expect(error.hint).toContain('second sub-folder')
  })

  it('is a class with one image, which trains and is told', async () => {
    await writePictures(root, [...numbered(['cat'], 6), 'dog/1.png'])
    const { dataset } = await imported()
    expect(dataset.findings).toContainEqual(
      expect.objectContaining({ code: 'dataset/class-too-small', label: 'dog', count: 1 })
    )
    expect((await bench.datasets.classes(dataset.id))[1]).toMatchObject({ train: 1, validation: 0, test: 0 })
  })

  it('is a path that is no folder', async () => {
    const file = at('a.txt')
    await writeFile(file, '')
    await expect(bench.datasets.import({ path: file })).rejects.toMatchObject({ code: 'dataset/not-a-folder' })
    await expect(bench.datasets.import({ path: at('nowhere') })).rejects.toMatchObject({
      code: 'dataset/folder-missing'
    })
    await expect(bench.datasets.resolve('nowhere')).rejects.toMatchObject({ code: 'dataset/not-found' })
  })

  it('is links that loop, lead nowhere or lead out', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    await writePictures(join(bench.folder, 'secret'), ['1.png'], 500)
    await symlink('..', at('cat', 'loop'))
    await symlink(root, at('whole'))
    await symlink('b.png', at('cat', 'a.png'))
    await symlink('a.png', at('cat', 'b.png'))
    await symlink('nothing.png', at('dog', 'broken.png'))
    await symlink(join(bench.folder, 'secret'), at('outside'))
    await symlink(join(bench.folder, 'secret', '1.png'), at('dog', 'outside.png'))
    await symlink(at('cat', '1.png'), at('cat', 'inside.png'))
    const { dataset, report } = await imported()
    expect(report.refused.map(({ path, code }) => [path, code])).toEqual([
      ['cat/a.png', 'image/not-found'],
      ['cat/b.png', 'image/not-found'],
      ['dog/broken.png', 'image/not-found'],
      ['dog/outside.png', 'image/outside'],
      ['outside', 'image/outside']
    ])
    expect(await pathsOf(dataset, { label: 'cat' })).toEqual(['cat/1.png', 'cat/2.png', 'cat/3.png', 'cat/inside.png'])
  })

  it.skipIf(process.getuid?.() !== 0 || process.platform === 'win32')('is what permission is missing for', async () => {
    await writePictures(root, [...numbered(['cat', 'dog'], 3), 'closed/1.png'])
    await chmod(at('cat', '1.png'), 0o000)
    await chmod(at('closed'), 0o000)
    // Root may read everything, so the worker runs as nobody. Its folders must then be open to it.
    const home = join(bench.folder, 'home', 'thumbnails')
    await mkdir(home, { recursive: true })
    await chmod(home, 0o777)
    await chmod(bench.folder, 0o755)
    await chmod(join(bench.folder, 'home'), 0o755)
    const scan = await bench.scanAsNobody(root, home)
    expect(scan.refused.map(({ path, code }) => [path, code])).toEqual([
      ['cat/1.png', 'image/unreadable'],
      ['closed', 'dataset/unreadable-folder']
    ])
    expect(scan.images).toHaveLength(5)
  })

  it('is a folder that vanishes while it is read', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 150))
    const { dataset, job } = await bench.datasets.import({ path: root })
    await bench.progressOf(job.id, ({ phase, done }) => phase === 'Reading images' && done > 0)
    await rename(root, `${root} moved`)
    const ended = await bench.jobs.settled(job.id)
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'dataset/folder-missing' } })
    expect(await bench.store.datasets.get(dataset.id)).toBeNull()
  })

  it('is a place for thumbnails that cannot be written', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    await writeFile(join(bench.folder, 'home', 'thumbnails'), 'in the way')
    expect(await failed()).toMatchObject({ code: 'store/unwritable' })
  })

  it('is a first import whose process died, which is forgotten at the next start', async () => {
    const half = { id: 'half', name: 'half', root, source: 'folder' as const, splitSeed: 1 }
    await bench.store.datasets.create(half, 2 ** 30)
    expect(await bench.datasets.list()).toEqual([])
    await bench.store.datasets.create({ ...half, id: 'other', root: `${root} 2` }, process.ppid)
    await expect(bench.datasets.remove('other')).rejects.toMatchObject({ code: 'dataset/busy' })
  })

  it('is a killed worker, which leaves what was stored before as it was', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 100))
    const before = (await imported()).dataset
    await writePictures(root, numbered(['eel'], 100), 1000)
    const { job } = await bench.datasets.reimport(before.id)
    await bench.progressOf(job.id, ({ phase, done }) => phase === 'Reading images' && done > 0)
    bench.killWorkers()
    expect(await bench.jobs.settled(job.id)).toMatchObject({ state: 'failed', error: { code: 'worker/crashed' } })
    expect(await bench.datasets.get(before.id)).toEqual(before)
    expect((await imported()).report).toMatchObject({ added: 100, unchanged: 200 })
  })
})

describe('looking again', () => {
  it('notices what was added, changed, renamed and removed, and reads nothing else', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 20))
    const whole = new Date('2024-02-03T04:05:06Z')
    await utimes(at('cat', '6.png'), whole, whole)
    const before = await imported()
    const splits = new Map(
      (await bench.datasets.images(before.dataset.id, {}, 0, 500)).images.map((image) => [image.hash, image.split])
    )
    await writePictures(root, ['cat/new.png', 'eel/1.png', 'eel/2.png', 'eel/3.png'], 900)
    await writePictures(root, ['cat/2.png'], 950)
    await unlink(at('dog', '3.png'))
    await rename(at('dog', '4.png'), at('dog', 'renamed.png'))
    // The same bytes, touched: read again, and found unchanged.
    await utimes(at('cat', '5.png'), new Date(), new Date(Date.now() + 5000))
    // Other bytes behind the same size and time are not seen: the file is not read.
    await writeFile(at('cat', '6.png'), Buffer.alloc((await stat(at('cat', '6.png'))).size))
    await utimes(at('cat', '6.png'), whole, whole)
    const { dataset, report } = await imported()
    expect(dataset.id).toBe(before.dataset.id)
    expect(report.refused).toEqual([])
    expect(report).toMatchObject({ added: 5, changed: 1, removed: 2, unchanged: 37 })
    expect(dataset.classCount).toBe(3)
    expect(dataset.contentHash).not.toBe(before.dataset.contentHash)
    for (const image of (await bench.datasets.images(dataset.id, {}, 0, 500)).images) {
      if (splits.has(image.hash)) expect([image.path, image.split]).toEqual([image.path, splits.get(image.hash)])
    }
  })

  it('finds an untouched folder the same, and makes lost thumbnails anew', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 5))
    const first = await imported()
    const [image] = (await bench.datasets.images(first.dataset.id, {}, 0, 1)).images
    await rm(await bench.datasets.thumbnailFile(image!.id))
    await expect(bench.datasets.thumbnailFile(image!.id)).rejects.toMatchObject({ code: 'image/not-found' })
    const again = await imported()
    expect(again.report).toMatchObject({ added: 0, changed: 0, removed: 0, unchanged: 10 })
    expect(again.dataset).toEqual({ ...first.dataset, updatedAt: again.dataset.updatedAt })
    expect(await bench.datasets.thumbnailFile(image!.id)).toContain(image!.hash)
  })

  it('leaves everything as it was when there is nothing left to train on', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    const before = (await imported()).dataset
    await rm(at('dog'), { recursive: true })
    const { job, dataset } = await bench.importFolder({ path: root })
    expect(job.error?.code).toBe('dataset/one-class')
    expect(dataset).toEqual(before)
    expect(await pathsOf(before)).toHaveLength(6)
  })

  it('reaches one folder by many names', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 3))
    const first = (await imported()).dataset
    await symlink(root, join(bench.folder, 'link'))
    expect((await imported(join(bench.folder, 'link', '.', 'cat', '..'))).dataset.id).toBe(first.id)
    expect(await bench.datasets.list()).toHaveLength(1)
  })
})

describe('stopping', () => {
  it('a first import leaves nothing, a later one what was there', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 150))
    const started = await bench.datasets.import({ path: root })
    await expect(bench.datasets.import({ path: root })).rejects.toMatchObject({ code: 'dataset/busy' })
    await expect(bench.datasets.remove(started.dataset.id)).rejects.toMatchObject({ code: 'dataset/busy' })
    await bench.progressOf(started.job.id, ({ done }) => done > 0)
    bench.jobs.cancel(started.job.id)
    expect(await bench.jobs.settled(started.job.id)).toMatchObject({ state: 'cancelled', error: null })
    expect(await bench.datasets.list()).toEqual([])
    const { dataset } = await imported()
    const again = await bench.datasets.reimport(dataset.id)
    bench.jobs.cancel(again.job.id)
    await bench.jobs.settled(again.job.id)
    expect(await bench.datasets.get(dataset.id)).toMatchObject({ state: 'ready', imageCount: 300 })
  })

  it('happens when the service closes', async () => {
    await writePictures(root, numbered(['cat', 'dog'], 150))
    const { job, dataset } = await bench.datasets.import({ path: root })
    await bench.datasets.close()
    expect((await bench.jobs.settled(job.id)).state).toBe('cancelled')
    expect(await bench.store.datasets.get(dataset.id)).toBeNull()
  })
})

it('imports the embedded sample whole, and a second time without reading it', async () => {
  const first = await bench.wait(bench.datasets.importSample())
  expect(first.dataset).toMatchObject({
    source: 'sample',
    name: 'Emoji',
    imageCount: 997,
    classCount: 18,
    refusedCount: 0
  })
  expect(first.report).toMatchObject({ added: 997, ignored: 2, refused: [] })
  const again = await bench.wait(bench.datasets.importSample())
  expect(again.report).toMatchObject({ unchanged: 997, added: 0 })
})
