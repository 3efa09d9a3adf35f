/** Pooled features of a list of pictures: out of the cache what is there, the rest decoded and run through the backbone. */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError, type ErrorData } from '@shared/errors'
import { outputName, type LoadedBackbone } from '../backbones/load-backbone'
import type { Executor } from '../executors/executor'
import { loadBatches } from './batches'
import type { CachedRows } from './cached-rows'
import { openFeatureCache, type FeatureCache } from './feature-cache'
import type { FeatureValues } from './feature-rows'
import { quantizationKey, type Quantization } from './quantization'
import { paceOf, runBatches } from './run-batches'

interface FeatureImage {
  id: number
  /** Relative to `root`. */
  path: string
  /** SHA-256 of its contents, hexadecimal. */
  hash: string
}

export interface FeatureProgress {
  done: number
  total: number
  /** Of those done, how many came out of the cache. */
  cached: number
  /** Computed, over the last few batches; null before the first. */
  imagesPerSecond: number | null
}

export interface ExtractFeaturesInput {
  images: readonly FeatureImage[]
  /** Folder that the images' paths start from. */
  root: string
  contract: PreprocessingContract
  backbone: LoadedBackbone
  executor: Executor
  /** Folder of the feature cache. */
  cacheDirectory: string
  /** To compute in eight bits; left out: in float32. */
  quantization?: Quantization | null
  signal?: AbortSignal
  onProgress?: (progress: FeatureProgress) => void
  /** As the executor likes it, unless told otherwise. */
  batchSize?: number
}

export interface ExtractedFeatures<Values extends FeatureValues = Float32Array> {
  /** [images.length, width], row-major; the row of a failed image is NaN. */
  features: Values
  width: number
  /** Images whose row came out of the cache, and whose row was computed now. */
  cached: number
  computed: number
  failed: { id: number; path: string; error: ErrorData }[]
}

export interface ManyFeatures extends ExtractedFeatures<FeatureValues> {
  /** Lets go of the cache's files; the features are not to be read any more. */
  close(): void
}

/** Features that are held in memory: those of 13,000 pictures at 1,280 of them. */
const HELD_BYTES = 2 ** 26

/**
 * Pictures with the same contents are computed once. Decoding runs ahead while the backbone works; each batch is in the cache
 * as soon as it is computed, so that no more than those in the network are lost when the process ends.
 * @throws StudioError job/cancelled when the signal is aborted, image/* never: see `failed`
 */
export async function extractFeatures(input: ExtractFeaturesInput): Promise<ExtractedFeatures> {
  const features = new Float32Array(input.images.length * input.backbone.info.featureWidth)
  return { ...(await extract(input, features)), features }
}

/**
 * The same for sets of any size: those of a large one are left in the cache, and read from there when they are asked for.
 *
 * @param heldBytes what may be held in memory
 * @throws StudioError as extractFeatures
 */
export async function extractManyFeatures(input: ExtractFeaturesInput, heldBytes = HELD_BYTES): Promise<ManyFeatures> {
  const { images, backbone } = input
  const size = images.length * backbone.info.featureWidth * Float32Array.BYTES_PER_ELEMENT
  if (size <= heldBytes) return { ...(await extractFeatures(input)), close: () => undefined }
  const extracted = await extract(input, null)
  const stored = extracted.stored!
  return { ...extracted, features: stored, close: () => stored.close() }
}

/** @param features filled, unless they are to be left in the cache */
async function extract(
  input: ExtractFeaturesInput,
  features: Float32Array | null
): Promise<Omit<ExtractedFeatures, 'features'> & { stored: CachedRows | null }> {
  const { images, backbone, contract, cacheDirectory, quantization } = input
  const { info } = backbone
  const width = info.featureWidth
  const space = {
    contract,
    weightsHash: info.weightsHash,
    cutNode: outputName(backbone),
    width,
    ...(quantization && { precision: quantizationKey(quantization) })
  }
  const cache = await openFeatureCache(cacheDirectory, space)
  try {
    const hashes = images.map((image) => image.hash)
    const found = await (features ? cache.read(hashes, features) : cache.check(hashes))
    const cached = found.filter(Boolean).length
    input.onProgress?.({ done: cached, total: images.length, cached, imagesPerSecond: null })
    const missing = groupByHash(images, found)
    const failed = missing.length > 0 ? await compute(input, missing, cache, features, cached) : []
    const computed = images.length - cached - failed.length
    return { width, cached, computed, failed, stored: features ? null : cache.rows(hashes) }
  } finally {
    await cache.close()
  }
}

/** A picture to compute, and the rows that its features go to. */
interface Missing {
  image: FeatureImage
  rows: number[]
}

function groupByHash(images: readonly FeatureImage[], found: readonly boolean[]): Missing[] {
  const groups = new Map<string, Missing>()
  images.forEach((image, row) => {
    if (found[row]) return
    const group = groups.get(image.hash)
    if (group) group.rows.push(row)
    else groups.set(image.hash, { image, rows: [row] })
  })
  return [...groups.values()]
}

async function compute(
  { images, root, contract, backbone, executor, signal, onProgress, batchSize, quantization }: ExtractFeaturesInput,
  missing: readonly Missing[],
  cache: FeatureCache,
  features: Float32Array | null,
  cached: number
): Promise<ExtractedFeatures['failed']> {
  const width = backbone.info.featureWidth
  const failed: ExtractedFeatures['failed'] = []
  let done = cached
  const rate = rateMeter()
  const pathOf = ({ image }: Missing): string => join(root, image.path)
  const network = await backbone.openFeatures(executor, 'stream', quantization?.ranges)
  const pace = paceOf(network)
  // A file that has changed must not enter the cache under the hash it had.
  const hashOf = ({ image }: Missing): string => image.hash
  const options = { ...pace, batchSize: batchSize ?? pace.batchSize }
  const batches = loadBatches({ items: missing, pathOf, hashOf, contract, signal, ...options })
  try {
    for await (const { batch, outputs } of runBatches(batches, network, contract)) {
      if (batch.items.length > 0)
        await cache.append(
          batch.items.map(({ image }) => image.hash),
          outputs
        )
      batch.items.forEach(({ rows }, index) => {
        for (const row of rows) features?.set(outputs.subarray(index * width, (index + 1) * width), row * width)
        done += rows.length
      })
      for (const { item, error } of batch.failed) {
        for (const row of item.rows) {
          const { id, path } = images[row]!
          features?.fill(NaN, row * width, (row + 1) * width)
          failed.push({ id, path, error: error.toData() })
          done++
        }
      }
      onProgress?.({ done, total: images.length, cached, imagesPerSecond: rate(batch.items.length) })
    }
  } finally {
    await network.dispose()
  }
  if (signal?.aborted)
    throw new StudioError('job/cancelled', 'The features were not computed to the end: it was stopped.')
  return failed
}

/** Images per second over the last batches, so that it follows what the machine does now. */
function rateMeter(): (count: number) => number {
  const LAST = 32
  const marks: { time: number; count: number }[] = [{ time: performance.now(), count: 0 }]
  return (count) => {
    marks.push({ time: performance.now(), count })
    if (marks.length > LAST + 1) marks.shift()
    const seconds = (marks.at(-1)!.time - marks[0]!.time) / 1000
    return marks.slice(1).reduce((sum, mark) => sum + mark.count, 0) / Math.max(seconds, 1e-6)
  }
}
