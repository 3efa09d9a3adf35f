/** From files to batches: threads, the decoded cache, and going on from a place in the middle. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { augmentationConfigSchema } from '@shared/domain/training-config'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { augment } from '../../../main/engine/data/augment/augment'
import { marginOf } from '../../../main/engine/data/augment/draw'
import { openDecodedCache } from '../../../main/engine/data/decoded/decoded-cache'
import { recordBytes } from '../../../main/engine/data/decoded/shard'
import type { Example, ExampleSettings, ExampleTask } from '../../../main/engine/data/example'
import { ExamplePool } from '../../../main/engine/data/example-pool'
import { normalize } from '../../../main/engine/data/normalize'
import { applyContract, loadPixels } from '../../../main/engine/data/preprocess'
import type { FrozenNetwork } from '../../../main/engine/executors/executor'
import {
  openPixelInputs,
  openTrainingInputs,
  type TrainingBatch,
  type TrainingInputs,
  type TrainingInputsOptions
} from '../../../main/engine/training/finetune/image-inputs'
import { runPrefix } from '../../../main/engine/training/finetune/run-prefix'

const SIZE = 32
const COUNT = 14
const VALUES = SIZE * SIZE * 3
const contract: PreprocessingContract = {
  size: SIZE,
  colorOrder: 'BGR',
  mean: [120, 110, 100],
  std: [60, 50, 40],
  filter: 'bilinear',
  crop: 'center-crop',
  cropFraction: 0.8
}
const augmentation = augmentationConfigSchema.parse({ rotation: 10, brightness: 0.3, noise: 4 })
const margin = marginOf(augmentation, SIZE)
const pixelBytes = (SIZE + 2 * margin) ** 2 * 3

let root: string
let cache: string
let images: LabelledImage[]
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'inputs-'))
  images = await Promise.all(
    Array.from({ length: COUNT }, async (_, id): Promise<LabelledImage> => {
      const pixels = Uint8Array.from({ length: 60 * 48 * 3 }, (_, place) => 127 + 100 * Math.sin(place / (5 + id)))
      const path = `${id}.${id % 2 ? 'png' : 'jpg'}`
      await sharp(pixels, { raw: { width: 60, height: 48, channels: 3 } }).toFile(join(root, path))
      const hash = createHash('sha256')
        .update(await readFile(join(root, path)))
        .digest('hex')
      return { id: 100 + id, path, hash, classIndex: id % 3, split: 'train' }
    })
  )
})
beforeEach(async () => void (cache = await mkdtemp(join(tmpdir(), 'decoded-'))))
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  await rm(cache, { recursive: true, force: true })
})
afterAll(() => rm(root, { recursive: true, force: true }))

function inputs(change?: Partial<TrainingInputsOptions>): Promise<TrainingInputs>
function inputs(
  change: Partial<TrainingInputsOptions>,
  open: typeof openPixelInputs
): Promise<TrainingInputs<Uint8Array>>
async function inputs(
  change: Partial<TrainingInputsOptions> = {},
  open: typeof openTrainingInputs | typeof openPixelInputs = openTrainingInputs
): Promise<TrainingInputs | TrainingInputs<Uint8Array>> {
  const made = await open({
    contract,
    augmentation,
    seed: 5,
    datasetRoot: root,
    train: images,
    validation: [],
    batchSize: 4,
    threads: 2,
    decodedDirectory: cache,
    onUnreadable: ({ path }) => expect.fail(`${path} cannot be read`),
    onNotice: (text) => expect.fail(text),
    ...change
  })
  opened.push(made)
  return made
}

async function batchesOf(made: TrainingInputs, epoch: number): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = []
  for await (const batch of made.epoch(epoch)) batches.push(batch)
  return batches
}

/** Largest difference; arrays of this length are not to be printed. */
const apart = (a: Float32Array, b: Float32Array): number => {
  expect(a).toHaveLength(b.length)
  return a.reduce((most, value, place) => Math.max(most, Math.abs(value - b[place]!)), 0)
}
/** What decides whether two rows of batches are the same, in few characters. */
const printed = (batches: readonly TrainingBatch[]): string[] =>
  batches.map(({ step, images: drawn, values }) => {
    const pixels = createHash('sha256').update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return `${step}: ${drawn.map(({ id }) => id).join()} ${pixels.digest('hex')}`
  })

const epochOf = async (made: TrainingInputs, epoch: number): Promise<string[]> => printed(await batchesOf(made, epoch))

const foldersOf = async (): Promise<string[]> => (await readdir(cache)).map((name) => join(cache, name))
async function filesOf(ending: string): Promise<string[]> {
  const files = await Promise.all(
    (await foldersOf()).map(async (folder) => (await readdir(folder)).map((name) => join(folder, name)))
  )
  return files.flat().filter((file) => file.endsWith(ending))
}
const bytesKept = async (): Promise<number> =>
  (await Promise.all((await filesOf('.pixels')).map((file) => stat(file)))).reduce((sum, { size }) => sum + size, 0)

describe('training inputs', () => {
  it('are what augmentation and the contract give, one by one, from files and from the decoded cache', async () => {
    const made = await inputs()
    const first = await batchesOf(made, 1)
    const again = await epochOf(made, 1)
    expect(first.map(({ step, images: { length } }) => [step, length])).toEqual([
      [0, 4],
      [1, 4],
      [2, 4],
      [3, 2]
    ])
    for (const { images: drawn, values } of first) {
      for (const [place, image] of drawn.entries()) {
        const source = await loadPixels(join(root, image.path), contract, margin)
        const seen = augment(source, augmentation, { seed: 5, epoch: 1, imageId: image.id }, SIZE)
        const own = values.subarray(place * VALUES, (place + 1) * VALUES)
        expect(apart(own, normalize(seen.data, contract))).toBe(0)
      }
    }
    expect(again).toEqual(printed(first))
    expect(await epochOf(made, 2)).not.toEqual(again)
    expect(await bytesKept()).toBe(COUNT * recordBytes(pixelBytes))
    // Another process finds them decoded, whatever has become of the files.
    const moved = await inputs({ datasetRoot: join(root, 'nowhere') })
    expect(await epochOf(moved, 1)).toEqual(again)
    expect(await bytesKept()).toBe(COUNT * recordBytes(pixelBytes))
  })

  it('go on from any step of any epoch as if there had been no end', async () => {
    const whole = await inputs({ sampling: 'balanced' })
    const [one, two] = [await epochOf(whole, 1), await epochOf(whole, 2)]
    for (const step of [1, 3]) {
      const rest = await inputs({ sampling: 'balanced', startAt: { epoch: 1, step } })
      expect(await epochOf(rest, 1)).toEqual(one.slice(step))
      expect(await epochOf(rest, 2)).toEqual(two)
    }
    const done = await inputs({ sampling: 'balanced', startAt: { epoch: 1, step: 4 } })
    expect(await epochOf(done, 1)).toEqual([])
  })

  it('are the same on any number of threads, with or without a cache', async () => {
    const expected = await epochOf(await inputs({ threads: 1 }), 1)
    expect(await epochOf(await inputs({ threads: 5, decodedDirectory: null }), 1)).toEqual(expected)
  })

  it('show evaluation the picture as prediction sees it, though a margin was decoded', async () => {
    const made = await inputs()
    for await (const { images: seen, values } of made.evaluation(images, 5)) {
      for (const [place, { path }] of seen.entries()) {
        const expected = await applyContract(join(root, path), contract)
        expect(apart(values.subarray(place * VALUES, (place + 1) * VALUES), expected)).toBe(0)
      }
    }
  })

  it('leave out what cannot be read, and what is not what was imported, and tell of each once', async () => {
    const broken = [
      { ...images[0]!, id: 1, path: 'missing.png', hash: '0'.repeat(64) },
      { ...images[1]!, id: 2, hash: 'f'.repeat(64) }
    ]
    const told: string[] = []
    const train = [...broken, ...images.slice(2, 5)]
    const made = await inputs({ train, onUnreadable: (image, { code }) => told.push(`${image.id} ${code}`) })
    for (const epoch of [1, 2]) {
      const batches = await batchesOf(made, epoch)
      const ids = batches.flatMap((batch) => batch.images.map(({ id }) => id))
      expect(ids.sort((a, b) => a - b)).toEqual([102, 103, 104])
      for (const { images: read, values } of batches) {
        expect(values).toHaveLength(read.length * VALUES)
        for (const [place, image] of read.entries()) {
          const source = await loadPixels(join(root, image.path), contract, margin)
          const seen = augment(source, augmentation, { seed: 5, epoch, imageId: image.id }, SIZE)
          expect(apart(values.subarray(place * VALUES, (place + 1) * VALUES), normalize(seen.data, contract))).toBe(0)
        }
      }
    }
    expect(told.sort()).toEqual(['1 image/not-found', '2 image/changed'])
  })

  it('come as bytes to a network that makes the same numbers of them', async () => {
    const [numbers, pixels] = [await inputs(), await inputs({}, openPixelInputs)]
    for await (const batch of numbers.epoch(1)) {
      for await (const { step, images: drawn, values } of pixels.epoch(1)) {
        if (step !== batch.step) continue
        expect(values).toBeInstanceOf(Uint8Array)
        expect(drawn).toEqual(batch.images)
        expect(apart(normalize(values, contract), batch.values)).toBe(0)
      }
    }
    const summing: FrozenNetwork = {
      inputShape: [SIZE, SIZE, 3],
      outputShape: [1],
      pace: { inFlight: 2, batchSize: 3 },
      run: async (batch, count) =>
        Float32Array.from({ length: count }, (_, place) =>
          batch.subarray(place * VALUES, (place + 1) * VALUES).reduce((sum, value) => sum + value, 0)
        ),
      dispose: async () => undefined
    }
    const through = runPrefix(summing, contract)
    const [asNumbers, asPixels] = [await numbers.plain(images), await pixels.plain(images)]
    const sums = await through(asPixels.values, COUNT)
    expect(new Set(sums).size).toBe(COUNT)
    expect(sums).toEqual(await through(asNumbers.values, COUNT))
    const failing = runPrefix({ ...summing, run: () => Promise.reject(new Error('no more')) }, contract)
    await expect(failing(asPixels.values, COUNT)).rejects.toThrow('no more')
  })

  it('can be left in the middle of an epoch', async () => {
    const made = await inputs()
    for await (const { step } of made.epoch(1)) if (step === 1) break
    await made.close()
    await expect(epochOf(made, 1)).rejects.toMatchObject({ code: 'job/cancelled' })
  })
})

describe('the pool', () => {
  const task = (image: LabelledImage): ExampleTask => ({
    path: join(root, image.path),
    hash: image.hash,
    steps: [],
    place: null,
    keep: false
  })
  const settings: ExampleSettings = { contract, margin: 0, decoded: null, form: 'numbers' }
  const expectPlain = async (examples: Example[]): Promise<void> => {
    for (const [index, { values }] of examples.entries()) {
      expect(apart(values as Float32Array, await applyContract(join(root, images[index]!.path), contract))).toBe(0)
    }
  }
  const pool = (change: Partial<ConstructorParameters<typeof ExamplePool>[0]>): [ExamplePool, string[]] => {
    const told: string[] = []
    const made = new ExamplePool({ settings, threads: 2, onFallback: (reason) => told.push(reason), ...change })
    opened.push(made)
    return [made, told]
  }

  it('works on the calling thread where no thread can start, and says so once', async () => {
    const failing = () => {
      throw new Error('no threads here')
    }
    const [made, told] = pool({ program: failing })
    expect(made.threads).toBe(0)
    await expectPlain(await Promise.all(images.map((image) => made.make(task(image)))))
    expect(told).toEqual(['no threads here'])
  })

  it('makes on the calling thread what threads that die had taken', async () => {
    const program = join(cache, 'dies.mjs')
    await writeFile(
      program,
      "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(3))\n"
    )
    const [made, told] = pool({ program: () => program })
    expect(made.threads).toBe(2)
    await expectPlain(await Promise.all(images.map((image) => made.make(task(image)))))
    expect(made.threads).toBe(0)
    expect(told).toEqual(['the thread ended with code 3'])
  })

  it('gives the error of a picture to whoever asked for it, and goes on', async () => {
    const [made, told] = pool({})
    const missing = made.make({ ...task(images[0]!), path: join(root, 'missing.png') })
    await expect(missing).rejects.toMatchObject({ code: 'image/not-found' })
    await expectPlain([await made.make(task(images[0]!))])
    expect([told, made.threads]).toEqual([[], 2])
  })
})

describe('the decoded cache', () => {
  const hashes = (): string[] => images.map(({ hash }) => hash)
  const open_ = (limitBytes?: number) =>
    openDecodedCache({ directory: cache, contract, margin, hashes: hashes(), limitBytes })

  it('decodes again what lies damaged on disk', async () => {
    const expected = await epochOf(await inputs(), 1)
    for (const file of await filesOf('.pixels')) {
      const handle = await open(file, 'r+')
      await handle.write(Buffer.from([1, 2, 3, 4, 5]), 0, 5, 40)
      await handle.close()
    }
    const made = await inputs()
    expect(await epochOf(made, 1)).toEqual(expected)
    // What was damaged is decoded anew and, there being room, kept anew.
    expect(await epochOf(made, 1)).toEqual(expected)
  })

  it('passes over what a kill left torn', async () => {
    await epochOf(await inputs(), 1)
    for (const file of await filesOf('.index')) await appendFile(file, Buffer.alloc(45, 7))
    for (const file of await filesOf('.pixels')) await appendFile(file, Buffer.alloc(11))
    const found = await open_()
    expect(hashes().every((hash) => found.placeOf(hash) !== null)).toBe(true)
  })

  it('keeps no more than its bytes, and works without the rest', async () => {
    const limit = 5 * recordBytes(pixelBytes) + 10
    const made = await inputs({ decodedLimitBytes: limit })
    const first = await epochOf(made, 1)
    expect(await bytesKept()).toBe(5 * recordBytes(pixelBytes))
    expect(await epochOf(made, 1)).toEqual(first)
  })

  it('makes room by what was not asked for longest, and leaves alone what is in use', async () => {
    const bytes = recordBytes(pixelBytes)
    const old = join(cache, 'a'.repeat(32))
    await mkdir(old)
    for (const [name, days] of [
      ['older', 9],
      ['newer', 2]
    ] as const) {
      await writeFile(join(old, `${name}.pixels`), Buffer.alloc(4 * bytes))
      await writeFile(join(old, `${name}.index`), Buffer.alloc(32))
      const when = new Date(Date.now() - days * 86_400_000)
      await utimes(join(old, `${name}.pixels`), when, when)
    }
    // Room for the fourteen once the older one is gone.
    const made = await inputs({ decodedLimitBytes: (COUNT + 4) * bytes })
    expect(await readdir(old)).toEqual(['newer.index', 'newer.pixels'])
    await epochOf(made, 1)
    expect(await bytesKept()).toBe((COUNT + 4) * bytes)
    // All of them are asked for again: none of theirs goes, however small the limit has become.
    const found = await open_(bytes)
    expect(hashes().every((hash) => found.placeOf(hash) !== null)).toBe(true)
    expect(found.reserve()).toBe(false)
    expect(await readdir(old)).toEqual(['newer.index', 'newer.pixels'])
  })

  it('does not mix geometries, and shares pixels among normalisations', async () => {
    await epochOf(await inputs(), 1)
    expect(await foldersOf()).toHaveLength(1)
    await epochOf(await inputs({ contract: { ...contract, mean: [0, 0, 0], colorOrder: 'RGB' } }), 1)
    expect(await foldersOf()).toHaveLength(1)
    await epochOf(await inputs({ contract: { ...contract, filter: 'bicubic' } }), 1)
    expect(await foldersOf()).toHaveLength(2)
  })

  it('does without where its folder cannot be made, and says so', async () => {
    const blocked = join(cache, 'a file')
    await writeFile(blocked, '')
    const told: string[] = []
    const made = await inputs({ decodedDirectory: blocked, onNotice: (text) => told.push(text) })
    expect((await batchesOf(made, 1)).flatMap(({ images: { length } }) => length)).toEqual([4, 4, 4, 2])
    expect(told).toEqual([expect.stringContaining('Decoded pictures are not kept: ')])
  })
})
