/**
 * TensorFlow's checkpoints, second version ('tensor bundle'): PREFIX.index is a table of BundleEntryProto by name, and
 * PREFIX.data-00000-of-00001 … hold the raw values, little-endian
 * (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto).
 */
import { StudioError } from '@shared/errors'
import { maskedCrc32c } from '@shared/formats/crc32c'
import { fieldsNumbered, fieldsOf, lastField, readVarint } from '@shared/formats/protobuf/reader'
import { readTable } from './table'
import type { ModelFiles } from './model-files'

/** DataType of types.proto. */
const DTYPES: Record<number, { name: string; bytes: number }> = {
  1: { name: 'float32', bytes: 4 },
  2: { name: 'float64', bytes: 8 },
  3: { name: 'int32', bytes: 4 },
  4: { name: 'uint8', bytes: 1 },
  9: { name: 'int64', bytes: 8 },
  10: { name: 'bool', bytes: 1 },
  14: { name: 'bfloat16', bytes: 2 },
  19: { name: 'float16', bytes: 2 }
}
const STRING = 7

export interface CheckpointTensor {
  key: string
  shape: number[]
  /** 'float32', 'int64' …; 'string', or 'type 23' for what is seldom met. */
  dtype: string
  /** Raw, little-endian, checked against its checksum. @throws StudioError backbone/corrupt */
  bytes(): Promise<Uint8Array>
  /** @throws StudioError backbone/corrupt, backbone/unsupported-layer when it holds no floating-point numbers */
  floats(): Promise<Float32Array>
}

export interface Checkpoint {
  keys: string[]
  /** @throws StudioError backbone/corrupt when there is none of that name */
  tensor(key: string): CheckpointTensor
}

/**
 * Reads the index; tensors are read when they are asked for.
 * @param prefix for example 'variables/variables'
 * @throws StudioError backbone/corrupt
 */
export async function readCheckpoint(files: ModelFiles, prefix: string): Promise<Checkpoint> {
  const name = `${prefix}.index`
  const index = await files.read(name)
  try {
    const [header, ...entries] = readTable(index)
    // The header's key is the empty one, which sorts first.
    if (header?.[0] !== '') throw new RangeError('it has no header')
    const shards = Math.max(lastField(header[1], 1)?.value ?? 1, 1)
    if (lastField(header[1], 2)?.value) throw new RangeError('its numbers are big-endian')
    const tensors = new Map(entries.map(([key, value]) => [key, readEntry(files, prefix, shards, key, value)] as const))
    return {
      keys: [...tensors.keys()],
      tensor(key) {
        const tensor = tensors.get(key)
        if (!tensor) throw corrupt(files, name, `it has no tensor '${key}'`)
        return tensor
      }
    }
  } catch (error) {
    throw corrupt(files, name, (error as Error).message, error)
  }
}

function readEntry(
  files: ModelFiles,
  prefix: string,
  shards: number,
  key: string,
  message: Uint8Array
): CheckpointTensor {
  const entry = { dtype: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, crc: 0, sliced: false }
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) entry.dtype = value
    else if (number === 2) entry.shape = readShape(bytes)
    else if (number === 3) entry.shard = value
    else if (number === 4) entry.offset = value
    else if (number === 5) entry.size = value
    else if (number === 6) entry.crc = value
    else if (number === 7) entry.sliced = true
  }
  const { shape, shard, offset, size, crc } = entry
  const type = DTYPES[entry.dtype]
  const count = shape.reduce((product, side) => product * side, 1)
  if (entry.sliced) throw new RangeError(`'${key}' is kept in slices, which cannot be read`)
  const within = shard >= 0 && shard < shards && offset >= 0 && size >= 0
  const fits = !type || count * type.bytes === size
  if (!within || !fits || shape.some((side) => side < 0)) throw new RangeError(`'${key}' has an impossible size`)
  const file = `${prefix}.data-${pad(shard)}-of-${pad(shards)}`
  const bytes = async (): Promise<Uint8Array> => {
    const data = await files.read(file, offset, size)
    // The checksum of strings is taken over their lengths in another form; their text is checked by whoever reads it.
    if (entry.dtype !== STRING && maskedCrc32c(data) !== crc) {
      throw corrupt(files, file, `the checksum of '${key}' does not fit`)
    }
    return data
  }
  return {
    key,
    shape,
    dtype: type?.name ?? (entry.dtype === STRING ? 'string' : `type ${entry.dtype}`),
    bytes,
    async floats() {
      const convert = type && CONVERTERS[type.name]
      if (convert) return convert(await bytes())
      const what = type?.name ?? `type ${entry.dtype}`
      throw new StudioError(
        'backbone/unsupported-layer',
        `The tensor '${key}' holds ${what}, not floating-point numbers.`
      )
    }
  }
}

/** A copy, because values in a file need not begin at a multiple of their size. (`slice` of a Buffer would copy nothing.) */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const CONVERTERS: Record<string, (bytes: Uint8Array) => Float32Array> = {
  float32: (bytes) => new Float32Array(aligned(bytes)),
  float64: (bytes) => Float32Array.from(new Float64Array(aligned(bytes))),
  bfloat16: (bytes) => {
    const words = new Uint16Array(aligned(bytes))
    return new Float32Array(Uint32Array.from(words, (word) => word * 65536).buffer)
  },
  float16: (bytes) => Float32Array.from(new Uint16Array(aligned(bytes)), halfToFloat)
}

/** IEEE 754 binary16. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

/** TensorShapeProto; -1 stands for a side that is not known. @throws ProtoError */
export function readShape(message: Uint8Array): number[] {
  return [...fieldsNumbered(message, 2)].map(({ bytes }) => lastField(bytes, 1)?.value ?? 0)
}

/** The first of a tensor of strings: lengths as varints, a checksum of four bytes, then the strings themselves. */
export async function readString(tensor: CheckpointTensor): Promise<Uint8Array> {
  const bytes = await tensor.bytes()
  const [length, next] = readVarint(bytes, 0)
  return bytes.subarray(next + 4, next + 4 + length)
}

const pad = (number: number): string => String(number).padStart(5, '0')

function corrupt(files: ModelFiles, name: string, why: string, cause?: unknown): StudioError {
  if (cause instanceof StudioError) return cause
  const file = files.describe(name)
  return new StudioError('backbone/corrupt', `'${file}' is damaged: ${why}.`, { file }, { cause })
}
