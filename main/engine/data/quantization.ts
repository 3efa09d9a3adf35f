/**
 * What a backbone needs to run in eight bits on the pictures of a dataset: found out on a few of them, tried on others, and kept,
 * so that the features of pictures that come later fit those that are there.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { assertInt8, noInt8 } from '@shared/domain/int8'
import { StudioError } from '@shared/errors'
import { outputName, type LoadedBackbone } from '../backbones/load-backbone'
import type { ValueRanges } from '../backbones/onnx/quantized/ranges'
import type { Executor } from '../executors/executor'
import { writeAtomically } from '../runtime/files'
import { likeness } from './likeness'
import { normalize } from './normalize'
import { loadPixels } from './preprocess'
import { decodeQuantization, encodeQuantization } from './quantization-file'

/** Pictures whose values set the bounds, and others on which both precisions are compared. */
const OBSERVED = 32
const COMPARED = 16
/**
 * Mean cosine of centred features, float32 and eight bits. By far exceeded where nothing is wrong: EfficientNet-Lite0 gives .993
 * on the sample.
 */
const ALIKE = 0.9

export interface Quantization {
  ranges: ValueRanges
  /** Mean cosine between the features of both precisions on pictures that did not set the bounds, their mean taken off. */
  likeness: number
}

export interface QuantizationInput {
  images: readonly { path: string; hash: string }[]
  /** Folder that the images' paths start from. */
  root: string
  contract: PreprocessingContract
  backbone: LoadedBackbone
  executor: Executor
  /** Folder in which they are kept. */
  directory: string
}

/** @throws StudioError device/no-int8 when the executor or the backbone has no eight bits, or they are too coarse for it */
export async function quantizationFor(input: QuantizationInput): Promise<Quantization> {
  const { backbone, executor, directory, root, contract } = input
  const { features, info } = backbone
  assertInt8({ backbone: info, frozen: executor.id })
  if (!features || !executor.observe)
    throw noInt8(`${executor.id} (${executor.device}) does not tell the layers' values`)
  const key = JSON.stringify([root, info.weightsHash, outputName(backbone), contract])
  const file = join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
  const known = await readQuantization(file)
  if (known) return known
  const pictures = await somePictures(input)
  const observed = pictures.slice(0, OBSERVED)
  if (observed.length === 0) throw noInt8('none of the pictures that would set its bounds can be read')
  const ranges = await executor.observe(features, observed, contract)
  const found = { ranges, likeness: await compare(input, ranges, pictures.slice(-COMPARED)) }
  if (found.likeness < ALIKE) {
    const cosine = found.likeness.toFixed(2)
    throw noInt8(`the features of '${info.name}' change too much in them (their cosine with float32 is ${cosine})`)
  }
  const text = encodeQuantization(found)
  await mkdir(directory, { recursive: true })
  await writeAtomically(file, text)
  // As it is read later, to the last digit.
  return decodeQuantization(text)!
}

/** Null where there is none, or none that can be read. */
export async function readQuantization(file: string): Promise<Quantization | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : decodeQuantization(text)
}

/** Tells features in eight bits from others. */
export const quantizationKey = (quantization: Quantization): string =>
  createHash('sha256').update(encodeQuantization(quantization)).digest('hex')

/** The same ones whenever it is asked, whatever the order: those whose hashes come first. */
async function somePictures({ images, root, contract }: QuantizationInput): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = []
  for (const { path } of [...images].sort((a, b) => (a.hash < b.hash ? -1 : 1))) {
    if (pictures.length === OBSERVED + COMPARED) break
    const picture = await loadPixels(join(root, path), contract).catch((error: unknown) => {
      if (error instanceof StudioError) return null
      throw error
    })
    if (picture) pictures.push(picture.data)
  }
  return pictures
}

async function compare(
  { backbone, executor, contract }: QuantizationInput,
  ranges: ValueRanges,
  pictures: readonly Uint8Array[]
): Promise<number> {
  const [whole, rounded] = await Promise.all([
    backbone.openFeatures(executor, 'single'),
    backbone.openFeatures(executor, 'single', ranges)
  ])
  try {
    const rows: { whole: Float32Array[]; rounded: Float32Array[] } = { whole: [], rounded: [] }
    for (const picture of pictures) {
      const values = normalize(picture, contract)
      rows.whole.push((await whole.run(values, 1)).slice())
      rows.rounded.push((await rounded.run(values, 1)).slice())
    }
    return likeness(rows.whole, rows.rounded)
  } finally {
    await Promise.all([whole.dispose(), rounded.dispose()])
  }
}
