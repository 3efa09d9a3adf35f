/**
 * What the process holds while it reads many small pictures. Arguments: backbones folder, `inputs` (two epochs of fine-tuning's
 * inputs), `features` (from files to the feature cache) or `head` (the same, and two epochs of a head on them), how many pictures. `files` only writes the pictures, into the folder
 * that is the fourth argument: in a process of its own, since what the writing leaves in the heap is not what is measured.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { presetConfig } from '@shared/domain/presets'
import { augmentationConfigSchema } from '@shared/domain/training-config'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { atInputSize } from '../../../main/engine/backbones/load-backbone'
import { extractManyFeatures, type ManyFeatures } from '../../../main/engine/data/features'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { predictFeatures } from '../../../main/engine/training/evaluate'
import { openTrainingInputs } from '../../../main/engine/training/finetune/image-inputs'
import { findHeadRuntime } from '../../../main/engine/training/head-sessions'
import { splitFeatures } from '../../../main/engine/training/run-data'
import { trainHead } from '../../../main/engine/training/train-head'
import { openBackbone } from './open-backbone'
import { serveLines } from './serve-lines'

/** Of the network's input: small, so that a minute is enough; memory per picture in the making grows with its square. */
const SIZE = 32
const BATCH = 32
const THREADS = 2
/** Pictures that differ; the others differ in bytes behind the picture's end, which makes them other files. */
const PICTURES = 200

/** Bytes of a SHA-256 in the list of them, one after the other in the order of the pictures. */
const HASH_BYTES = 32
const HASHES = 'hashes'

const pathOf = (id: number): string => `f${Math.floor(id / 1000)}/${id}.jpg`

async function makeFiles(root: string, count: number): Promise<void> {
  const pictures = await Promise.all(
    Array.from({ length: PICTURES }, (_, index) => {
      const pixels = Uint8Array.from({ length: 40 * 36 * 3 }, (_, place) => 127 + 100 * Math.sin(place / (5 + index)))
      return sharp(pixels, { raw: { width: 40, height: 36, channels: 3 } })
        .jpeg()
        .toBuffer()
    })
  )
  const hashes = Buffer.alloc(count * HASH_BYTES)
  for (let id = 0; id < count; id++) {
    if (id % 1000 === 0) await mkdir(join(root, `f${id / 1000}`))
    const bytes = Buffer.concat([pictures[id % PICTURES]!, Buffer.from(String(id))])
    await writeFile(join(root, pathOf(id)), bytes)
    createHash('sha256')
      .update(bytes)
      .digest()
      .copy(hashes, id * HASH_BYTES)
  }
  await writeFile(join(root, HASHES), hashes)
}

async function listImages(root: string, count: number): Promise<LabelledImage[]> {
  const hashes = await readFile(join(root, HASHES))
  return Array.from({ length: count }, (_, id) => {
    const hash = hashes.toString('hex', id * HASH_BYTES, (id + 1) * HASH_BYTES)
    return { id, path: pathOf(id), hash, classIndex: id % 5, split: 'train' }
  })
}

/** Every sixth picture validates, every seventh of the others tests. */
async function trainOn(images: readonly LabelledImage[], extracted: ManyFeatures): Promise<void> {
  const labelled = images.map((image): LabelledImage => {
    const { id } = image
    return { ...image, split: id % 6 === 0 ? 'validation' : id % 7 === 0 ? 'test' : 'train' }
  })
  const { train, validation, test } = splitFeatures(labelled, extracted, new Set(), ['a', 'b', 'c', 'd', 'e'])
  const base = presetConfig('default', 'head')
  const runtime = findHeadRuntime()
  const silent = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => undefined }
  const trained = await trainHead({
    runtime,
    train: train.features,
    validation: validation.features,
    classes: 5,
    config: { ...base, head: { ...base.head, method: 'gradient', epochs: 2 } },
    reporter: silent,
    signal: new AbortController().signal
  })
  await predictFeatures(runtime, trained!.head, [validation, test])
}

async function main([backbones, what, count, root]: string[]): Promise<void> {
  if (what === 'files') return makeFiles(root!, Number(count))
  const folder = await mkdtemp(join(tmpdir(), 'bench-memory-'))
  const datasetRoot = join(folder, 'pictures')
  await mkdir(datasetRoot)
  const making = [process.argv[1]!, backbones!, 'files', count!, datasetRoot]
  const { status } = spawnSync(process.execPath, making, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('The pictures could not be written')
  const images = await listImages(datasetRoot, Number(count))
  const embedded = await openBackbone(backbones!, 'efficientnet-lite0')
  const contract = { ...embedded.info.contract, size: SIZE }
  const onUnreadable = ({ path }: LabelledImage, error: unknown): never => {
    throw new Error(`'${path}' cannot be read`, { cause: error })
  }

  const inputs = async (): Promise<number> => {
    const made = await openTrainingInputs({
      contract,
      augmentation: augmentationConfigSchema.parse({}),
      seed: 1,
      datasetRoot,
      train: images,
      validation: [],
      batchSize: BATCH,
      threads: THREADS,
      decodedDirectory: join(folder, 'decoded'),
      onUnreadable
    })
    let seen = 0
    // The first decodes, the second reads what was decoded.
    for (const epoch of [1, 2]) for await (const batch of made.epoch(epoch)) seen += batch.images.length
    await made.close()
    return seen
  }
  const features = async (trains: boolean): Promise<number> => {
    const executor = await createOnnxRuntimeExecutor({ threads: THREADS })
    const backbone = atInputSize(embedded, SIZE)
    const cacheDirectory = join(folder, 'features')
    const input = { images, root: datasetRoot, contract, backbone, executor, cacheDirectory }
    const extracted = await extractManyFeatures(input)
    if (trains) await trainOn(images, extracted)
    extracted.close()
    return extracted.computed
  }

  await serveLines(async () => {
    const start = performance.now()
    const seen = what === 'inputs' ? await inputs() : await features(what === 'head')
    const residentBytes = process.memoryUsage().rss
    return { imagesPerSecond: (1000 * seen) / (performance.now() - start), residentBytes }
  })
  await rm(folder, { recursive: true })
}

void main(process.argv.slice(2))
