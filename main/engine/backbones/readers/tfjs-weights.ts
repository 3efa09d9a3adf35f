/**
 * The weights of a TF.js model folder: shards of raw bytes and the manifest that describes them, quantised or not
 * (https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts, `WeightsManifestConfig`).
 */
import { basename, join } from 'node:path'
import { StudioError } from '@shared/errors'
import { halvesToFloats } from '@shared/formats/half'
import { z } from 'zod'
import type { WeightTensor } from '../graph'
import { readModelFile } from './files'

const quantizationSchema = z.discriminatedUnion('dtype', [
  z.object({ dtype: z.literal('float16') }),
  z.object({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() })
])
type Quantization = z.infer<typeof quantizationSchema>

export const weightsManifestSchema = z.array(
  z.object({
    paths: z.array(z.string()),
    weights: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(0)),
        dtype: z.string(),
        quantization: quantizationSchema.optional()
      })
    )
  })
)
export type WeightsManifest = z.infer<typeof weightsManifestSchema>

const BYTES_PER_VALUE = { float32: 4, int32: 4, bool: 1, float16: 2, uint16: 2, uint8: 1 } as const

/** Constants of a graph, such as the axes of a mean, are integers; a layer's weights are not. */
export type WeightType = 'float32' | 'int32' | 'bool'

/**
 * @param types that are taken; all become float32.
 * @throws StudioError backbone/corrupt when a shard is missing, or the shards and the manifest differ in length.
 */
export async function readWeights(
  directory: string,
  manifest: WeightsManifest,
  types: readonly WeightType[] = ['float32']
): Promise<Map<string, WeightTensor>> {
  const weights = new Map<string, WeightTensor>()
  for (const group of manifest) {
    const bytes = Buffer.concat(await Promise.all(group.paths.map((path) => readShard(directory, path))))
    let offset = 0
    for (const { name, shape, dtype, quantization } of group.weights) {
      const type = types.find((taken) => taken === dtype)
      if (!type) throw corrupt(directory, `weight '${name}' is of type ${dtype}, not ${types.join(' or ')}`)
      const count = shape.reduce((product, size) => product * size, 1)
      const end = offset + count * BYTES_PER_VALUE[quantization?.dtype ?? type]
      if (end > bytes.length) throw corrupt(directory, `the shards end within weight '${name}': one is cut short`)
      weights.set(name, { shape, data: values(bytes.subarray(offset, end), count, type, quantization) })
      offset = end
    }
    if (offset !== bytes.length) {
      throw corrupt(directory, `the shards hold ${bytes.length} bytes, the manifest describes ${offset}`)
    }
  }
  return weights
}

async function readShard(directory: string, path: string): Promise<Buffer> {
  // Only the file's name counts: a manifest must not lead out of its folder.
  if (basename(path) !== path) throw corrupt(directory, `shard '${path}' lies outside the model's folder`)
  try {
    return await readModelFile(join(directory, path))
  } catch (error) {
    throw corrupt(directory, `shard '${path}' cannot be read: ${(error as Error).message}`)
  }
}

function values(
  bytes: Uint8Array,
  count: number,
  type: WeightType,
  quantization: Quantization | undefined
): Float32Array {
  // Copied to a buffer of its own: the manifest's offsets need not be multiples of the value's size.
  const own = new Uint8Array(bytes).buffer
  if (!quantization) {
    if (type === 'float32') return new Float32Array(own, 0, count)
    return Float32Array.from(type === 'bool' ? new Uint8Array(own) : new Int32Array(own, 0, count))
  }
  if (quantization.dtype === 'float16') return halvesToFloats(new Uint16Array(own, 0, count))
  const stored = quantization.dtype === 'uint8' ? new Uint8Array(own) : new Uint16Array(own, 0, count)
  const { scale, min } = quantization
  const result = new Float32Array(count)
  for (let index = 0; index < count; index++) result[index] = stored[index]! * scale + min
  return result
}

const corrupt = (directory: string, why: string): StudioError =>
  new StudioError('backbone/corrupt', `The model in '${directory}' is damaged: ${why}.`, { directory })
