/** The training images that are most like another. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SafeTensor } from '@shared/formats/safetensors'
import { extractFeatures } from '../../main/engine/data/features'
import type { Executor } from '../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import { SimilarImages, type SimilarRequest } from '../../main/engine/inference/similar/similar-images'
import { loadEmbedded, type LayeredBackbone } from '../fixtures/embedded-backbone'
import { modelWith } from './heat/explained'

const SAMPLE = join(import.meta.dirname, '../../resources/sample')
/** The last one has the contents of the third under another name. */
const FILES = ['dishes/1f354.png', 'dishes/1f355.png', 'mammals/1f404.png', 'mammals/1f40e.png', 'mammals/copy.png']

let folder: string
let executor: Executor
let backbone: LayeredBackbone
let request: SimilarRequest
const images: { id: number; path: string; hash: string; classIndex: number; split: string }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'similar-'))
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
  backbone = await loadEmbedded()
  const root = join(folder, 'pictures')
  for (const [index, path] of FILES.entries()) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await copyFile(join(SAMPLE, path.replace('copy', '1f404')), join(root, path))
    const hash = createHash('sha256')
      .update(await readFile(join(root, path)))
      .digest('hex')
    images.push({
      id: 10 + index,
      path,
      hash,
      classIndex: Math.floor(index / 2),
      split: index === 1 ? 'test' : 'train'
    })
  }
  const jobFile = join(folder, 'job.json')
  await writeFile(jobFile, JSON.stringify({ datasetRoot: root, images, config: 'not read' }))
  const head = new Map<string, SafeTensor>([
    ['head.kernel', { shape: [1280, 2], data: new Float32Array(2560) }],
    ['head.bias', { shape: [2], data: new Float32Array(2) }]
  ])
  request = {
    model: await modelWith(folder, head, backbone.info.contract, ['dishes', 'mammals']),
    jobFile,
    datasetHash: 'd1',
    featureCacheDirectory: join(folder, 'features'),
    image: images[2]!,
    count: 3
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('are the nearest by their features, its own copy first, itself and the test split never', async () => {
  const told: [number, number][] = []
  const similar = new SimilarImages()
  const onProgress = (done: number, total: number): void => void told.push([done, total])
  const found = await similar.find(request, backbone, executor, { onProgress })
  expect(found).toMatchObject({ compared: 4, note: null })
  expect(found.images.map(({ id }) => id)).toEqual([14, 13, 10])
  expect(told.at(-1)).toEqual([5, 5])

  const { features, width } = await extractFeatures({
    images,
    root: join(folder, 'pictures'),
    contract: backbone.info.contract,
    backbone,
    executor,
    cacheDirectory: request.featureCacheDirectory
  })
  const row = (index: number): Float32Array => features.subarray(index * width, (index + 1) * width)
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)
  const distance = (a: number, b: number): number =>
    1 - dot(row(a), row(b)) / Math.sqrt(dot(row(a), row(a)) * dot(row(b), row(b)))
  found.images.forEach(({ id, distance: own }) => expect(own).toBeCloseTo(distance(2, id - 10), 5))
  expect(found.images[0]!.distance).toBeLessThan(1e-6)

  // A test image of the run needs no second look at the files; a picture from elsewhere does.
  const test = await similar.find({ ...request, image: images[1]! }, backbone, executor)
  const expected = [0, 2, 3].map((index) => ({ id: 10 + index, distance: distance(1, index) }))
  expected.sort((a, b) => a.distance - b.distance)
  expect(test.images[0]!.id).toBe(expected[0]!.id)
  expect(test.images.map(({ id }) => id)).not.toContain(11)
})

it('of a fine-tuned run are told to be those of the backbone before', async () => {
  const tuned = new Map<string, SafeTensor>([
    ['head.kernel', { shape: [1280, 2], data: new Float32Array(2560) }],
    ['head.bias', { shape: [2], data: new Float32Array(2) }],
    ['backbone/x', { shape: [1], data: new Float32Array(1) }]
  ])
  const model = await modelWith(folder, tuned, backbone.info.contract, ['dishes', 'mammals'])
  const found = await new SimilarImages().find({ ...request, model }, backbone, executor)
  expect(found.note).toBe('By the features of the backbone as it was before fine-tuning.')
})

it('leave out what cannot be read, and begin anew after somebody left', async () => {
  const gone = { ...images[0]!, id: 99, path: 'dishes/gone.png', hash: 'f'.repeat(64) }
  const jobFile = join(folder, 'with-gone.json')
  await writeFile(jobFile, JSON.stringify({ datasetRoot: join(folder, 'pictures'), images: [...images, gone] }))
  const similar = new SimilarImages()
  const asked = { ...request, jobFile, datasetHash: 'd2' }
  const signal = AbortSignal.abort()
  await expect(similar.find(asked, backbone, executor, { signal })).rejects.toMatchObject({ code: 'job/cancelled' })
  const found = await similar.find(asked, backbone, executor)
  expect(found).toMatchObject({ compared: 4, note: '1 training image could not be read.' })
  const absent = similar.find({ ...asked, image: gone }, backbone, executor)
  await expect(absent).rejects.toMatchObject({ code: 'image/not-found' })
  const none = similar.find({ ...request, jobFile: join(folder, 'none.json'), datasetHash: 'd3' }, backbone, executor)
  await expect(none).rejects.toMatchObject({ code: 'run/no-checkpoint' })
})
