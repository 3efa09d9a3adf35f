import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LayeredBackbone } from '../fixtures/embedded-backbone'
import { hashWeights } from '../../main/engine/backbones/measures'
import { interpret } from '../../main/engine/backbones/reference'
import { openFeatureCache, type FeatureSpace } from '../../main/engine/data/feature-cache'
import { extractFeatures, extractManyFeatures, type FeatureProgress } from '../../main/engine/data/features'
import { gatherRows } from '../../main/engine/data/feature-rows'
import { applyContract } from '../../main/engine/data/preprocess'
import type { Executor } from '../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import type { PreprocessingContract } from '../../shared/domain/preprocessing'
import { largestDifference, tinyBackbone } from '../fixtures/graphs'

const contract: PreprocessingContract = {
  size: 16,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}
const space: FeatureSpace = { contract, weightsHash: 'w', cutNode: 'avgpool', width: 3 }

let root: string
let cacheDirectory: string
let count = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'features-'))
})
beforeEach(() => {
  cacheDirectory = join(root, `cache-${count++}`)
})
afterAll(() => rm(root, { recursive: true, force: true }))

const row = (value: number): number[] => [value, value + 0.5, -value]
const rows = (...values: number[]): Float32Array => Float32Array.from(values.flatMap(row))

async function files(ending: string): Promise<string[]> {
  const [folder] = await readdir(cacheDirectory)
  const names = await readdir(join(cacheDirectory, folder!))
  return names.filter((name) => name.endsWith(ending)).map((name) => join(cacheDirectory, folder!, name))
}

async function readAll(...hashes: string[]): Promise<{ found: boolean[]; values: number[] }> {
  const cache = await openFeatureCache(cacheDirectory, space)
  const out = new Float32Array(hashes.length * 3)
  const found = await cache.read(hashes, out)
  await cache.close()
  return { found, values: [...out] }
}

async function write(hashes: string[], values: Float32Array): Promise<void> {
  const cache = await openFeatureCache(cacheDirectory, space)
  await cache.append(hashes, values)
  await cache.close()
}

describe('the feature cache', () => {
  it('gives rows back in whatever order they are asked for, and says what it has not', async () => {
    await write(['a', 'b'], rows(1, 2))
    await write(['c'], rows(3))
    expect(await readAll('c', 'absent', 'a', 'a')).toEqual({
      found: [true, false, true, true],
      values: [...row(3), 0, 0, 0, ...row(1), ...row(1)]
    })
  })

  it('has what was appended at once', async () => {
    const cache = await openFeatureCache(cacheDirectory, space)
    await cache.append(['a'], rows(7))
    expect(cache.has('a')).toBe(true)
    const out = new Float32Array(3)
    expect(await cache.read(['a'], out)).toEqual([true])
    expect([...out]).toEqual(row(7))
    await cache.close()
  })

  it('passes over what a kill left torn', async () => {
    await write(['a', 'b'], rows(1, 2))
    const [data] = await files('.f32')
    const [index] = await files('.index')
    await truncate(data!, (await stat(data!)).size - 5)
    expect((await readAll('a', 'b')).found).toEqual([true, false])
    await truncate(index!, (await stat(index!)).size - 40)
    await appendFile(data!, Buffer.alloc(30))
    expect((await readAll('a', 'b')).found).toEqual([false, false])
    await write(['b'], rows(2))
    expect((await readAll('a', 'b')).found).toEqual([false, true])
  })

  it('passes over a row that is not what was written', async () => {
    await write(['a', 'b'], rows(1, 2))
    const [data] = await files('.f32')
    await writeFile(data!, Buffer.alloc(12), { flag: 'r+' })
    expect(await readAll('a', 'b')).toEqual({ found: [false, true], values: [0, 0, 0, ...row(2)] })
  })

  it('takes appends from two at once', async () => {
    const [one, two] = await Promise.all([
      openFeatureCache(cacheDirectory, space),
      openFeatureCache(cacheDirectory, space)
    ])
    const hashes = Array.from({ length: 40 }, (_, index) => `h${index}`)
    await Promise.all(hashes.map((hash, index) => [one, two][index % 2]!.append([hash], rows(index))))
    await Promise.all([one.close(), two.close()])
    const { found, values } = await readAll(...hashes)
    expect(found.every(Boolean)).toBe(true)
    expect(values).toEqual([...rows(...hashes.keys())])
  })

  it('keeps contracts, weights and cuts apart', async () => {
    await write(['a'], rows(1))
    for (const other of [
      { ...space, contract: { ...contract, std: [255, 255, 255] as [number, number, number] } },
      { ...space, weightsHash: 'other' },
      { ...space, cutNode: 'other' }
    ]) {
      const cache = await openFeatureCache(cacheDirectory, other)
      expect(cache.has('a')).toBe(false)
      await cache.close()
    }
  })

  it('reads ten thousand rows of 1,280 in a moment, sparse ones too', async () => {
    const wide = { ...space, width: 1280 }
    const hashes = Array.from({ length: 10_000 }, (_, index) => `h${index}`)
    const values = Float32Array.from({ length: 10_000 * 1280 }, (_, index) => index % 1021)
    const cache = await openFeatureCache(cacheDirectory, wide)
    await cache.append(hashes, values)
    await cache.close()
    const again = await openFeatureCache(cacheDirectory, wide)
    const out = new Float32Array(values.length)
    expect((await again.read(hashes, out)).every(Boolean)).toBe(true)
    expect(Buffer.from(out.buffer).equals(Buffer.from(values.buffer))).toBe(true)
    const sparse = new Float32Array(20 * 1280)
    const places = Array.from({ length: 20 }, (_, index) => 9999 - index * 500)
    await again.read(
      places.map((place) => hashes[place]!),
      sparse
    )
    places.forEach((place, index) => expect(sparse[index * 1280]).toBe(values[place * 1280]))
    await again.close()
  })
})

describe('extractFeatures', () => {
  let executor: Executor
  let backbone: LayeredBackbone
  let loads = 0
  const images = Array.from({ length: 70 }, (_, id) => ({ id, path: `images/${id}.png`, hash: '' }))

  beforeAll(async () => {
    const native = await createOnnxRuntimeExecutor({ threads: 2 })
    executor = { ...native, load: (graph) => (loads++, native.load(graph)) }
    const features = tinyBackbone()
    backbone = {
      graph: features,
      features,
      openFeatures: (on, use) => on.load(features, use),
      info: {
        id: 'tiny',
        name: 'Tiny',
        family: 'Test',
        parameters: 0,
        multiplyAdds: 0,
        form: 'graph',
        trainable: true,
        ports: null,
        provenance: null,
        bytes: 0,
        featureWidth: 8,
        contract,
        license: 'MIT',
        source: 'random numbers',
        blocks: [],
        weightsHash: hashWeights(features)
      }
    }
    await mkdir(join(root, 'images'))
    for (const image of images) {
      const { id, path } = image
      const background = { r: (id * 37) % 256, g: (id * 91) % 256, b: (id * 53) % 256 }
      const bytes = await sharp({ create: { width: 20, height: 20, channels: 3, background } })
        .png()
        .toBuffer()
      await writeFile(join(root, path), bytes)
      image.hash = createHash('sha256').update(bytes).digest('hex')
    }
  })
  beforeEach(() => (loads = 0))

  const run = (overrides: Partial<Parameters<typeof extractFeatures>[0]> = {}): ReturnType<typeof extractFeatures> =>
    extractFeatures({ images, root, contract, backbone, executor, cacheDirectory, ...overrides })

  it('computes what the layers compute, each image in its row', async () => {
    const progress: FeatureProgress[] = []
    const result = await run({ onProgress: (step) => progress.push(step) })
    expect(result).toMatchObject({ width: 8, cached: 0, computed: 70, failed: [] })
    for (const place of [0, 31, 32, 69]) {
      const expected = interpret(backbone.features, await applyContract(join(root, images[place]!.path), contract))
      expect(largestDifference(result.features.subarray(place * 8, place * 8 + 8), expected)).toBeLessThan(1e-4)
    }
    expect(progress.map(({ done }) => done)).toEqual([0, 32, 64, 70])
    expect(progress.at(-1)).toMatchObject({ total: 70, cached: 0 })
    expect(progress.at(-1)!.imagesPerSecond).toBeGreaterThan(0)
  })

  it('decodes nothing and computes nothing the second time', async () => {
    const first = await run()
    const again = await run({ root: join(root, 'nowhere') })
    expect(again).toMatchObject({ cached: 70, computed: 0, failed: [] })
    expect(again.features).toEqual(first.features)
    expect(loads).toBe(1)
  })

  it('computes only what is new, and the same contents once', async () => {
    await run({ images: images.slice(0, 10) })
    const twin = { id: 100, path: 'images/0.png', hash: images[0]!.hash }
    const twins = [12, 13].map((id) => ({ id: 100 + id, path: 'images/11.png', hash: images[11]!.hash }))
    const result = await run({ images: [...images.slice(0, 12), twin, ...twins] })
    expect(result).toMatchObject({ cached: 11, computed: 4 })
    expect(result.features.subarray(13 * 8, 14 * 8)).toEqual(result.features.subarray(11 * 8, 12 * 8))
  })

  it('reports what cannot be read, and goes on', async () => {
    await writeFile(join(root, 'images/broken.png'), 'not a picture')
    const broken = { id: 500, path: 'images/broken.png', hash: 'broken' }
    const gone = { id: 501, path: 'images/gone.png', hash: 'gone' }
    const result = await run({ images: [broken, ...images.slice(0, 3), gone] })
    expect(result).toMatchObject({ cached: 0, computed: 3 })
    expect(result.failed.map(({ id, path, error }) => [id, path, error.code])).toEqual([
      [500, 'images/broken.png', 'image/unsupported'],
      [501, 'images/gone.png', 'image/not-found']
    ])
    expect(result.features.subarray(0, 8).every(Number.isNaN)).toBe(true)
    expect(result.features.subarray(8, 32).some(Number.isNaN)).toBe(false)
    expect(await run({ images: [broken] })).toMatchObject({ cached: 0, failed: [{ id: 500 }] })
  })

  it('leaves those of a large set in the cache, each image in its row there', async () => {
    const inMemory = await run({ images: images.slice(0, 40), cacheDirectory: join(cacheDirectory, 'other') })
    const twin = { id: 100, path: 'images/3.png', hash: images[3]!.hash }
    const gone = { id: 501, path: 'images/gone.png', hash: 'gone' }
    // Some were there before, one of them damaged since.
    await run({ images: images.slice(0, 20) })
    const [data] = await files('.f32')
    const bytes = await readFile(data!)
    bytes.fill(7, 5 * 32, 6 * 32)
    await writeFile(data!, bytes)
    const input = { images: [...images.slice(0, 40), gone, twin], root, contract, backbone, executor, cacheDirectory }
    const { features, close, ...rest } = await extractManyFeatures(input, 1000)
    expect(rest).toMatchObject({ width: 8, cached: 20, computed: 21, failed: [{ id: 501 }] })
    expect(features).not.toBeInstanceOf(Float32Array)
    const read = new Float32Array(42 * 8)
    gatherRows(features, 8, [...Array(42).keys()], read)
    expect(largestDifference(read.subarray(0, 40 * 8), inMemory.features)).toBeLessThan(1e-5)
    expect(read.subarray(40 * 8, 41 * 8).every(Number.isNaN)).toBe(true)
    expect(read.subarray(41 * 8)).toEqual(read.subarray(3 * 8, 4 * 8))
    close()
    expect((await extractManyFeatures({ ...input, images: images.slice(0, 3) }, 1000)).features).toBeInstanceOf(
      Float32Array
    )
  })

  it('keeps a file that has changed out of the cache', async () => {
    const changed = { id: 600, path: 'images/5.png', hash: images[6]!.hash }
    expect(await run({ images: [changed] })).toMatchObject({
      computed: 0,
      failed: [{ error: { code: 'image/changed' } }]
    })
    expect(await run({ images: [images[6]!] })).toMatchObject({ cached: 0, computed: 1 })
  })

  it('ends when it is told to, and keeps what it had', async () => {
    const controller = new AbortController()
    const stopped = run({
      batchSize: 8,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done >= 16) controller.abort()
      }
    })
    await expect(stopped).rejects.toMatchObject({ code: 'job/cancelled' })
    const { cached, computed } = await run()
    expect(cached).toBeGreaterThanOrEqual(16)
    expect(cached + computed).toBe(70)
  })
})
