/**
 * Safetensors, the format of our checkpoints and prediction files: 8 bytes little-endian header length, a JSON header, then
 * the raw tensors (https://github.com/huggingface/safetensors#format). Pure functions on bytes.
 */
import { z } from 'zod'
import { StudioError } from '../errors'
import { halvesToFloats } from './half'

const TYPES = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const
export type SafetensorsType = keyof typeof TYPES
export type SafetensorsData = Float32Array | Int32Array | Uint8Array

export interface SafeTensor {
  shape: number[]
  data: SafetensorsData
}

export interface SafetensorsFile {
  tensors: Map<string, SafeTensor>
  metadata: Record<string, string>
}

const size = z.int().min(0)
const headerEntrySchema = z.object({
  dtype: z.string(),
  shape: z.array(size).max(32),
  data_offsets: z.tuple([size, size])
})
type HeaderEntry = z.infer<typeof headerEntrySchema>
const metadataSchema = z.record(z.string(), z.string())

/** Largest header that is believed, bytes: the reference implementation's own limit. */
const MAX_HEADER = 100_000_000

/** What stands before the tensors' bytes, which follow in the map's order without gaps. */
export function safetensorsHeader(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Record<string, string> = {}
): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = { __metadata__: metadata }
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: typeName(data), shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  // Padded with spaces so that the tensors begin on an 8-byte boundary, as the format recommends.
  const json = JSON.stringify(header)
  const text = new TextEncoder().encode(json)
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + padded).fill(0x20, 8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(text, 8)
  return bytes
}

export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Record<string, string> = {}
): Uint8Array {
  const header = safetensorsHeader(tensors, metadata)
  const size = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, header.length)
  const bytes = new Uint8Array(size)
  bytes.set(header)
  let place = header.length
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place)
    place += data.byteLength
  }
  return bytes
}

/**
 * Half-precision tensors (F16) come as float32.
 * @throws StudioError backbone/corrupt when the bytes are not what their header says.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 8) throw corrupt('it is shorter than its header')
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER || 8 + length > bytes.length) throw corrupt('the header is longer than the file')
  const header = parseHeader(bytes.subarray(8, 8 + length))
  const body = bytes.subarray(8 + length)
  const tensors = new Map<string, SafeTensor>()
  for (const [name, entry] of header.entries) {
    tensors.set(name, { shape: entry.shape, data: decodeTensor(name, entry, body) })
  }
  return { tensors, metadata: header.metadata }
}

function parseHeader(text: Uint8Array): { metadata: Record<string, string>; entries: [string, HeaderEntry][] } {
  try {
    const { __metadata__, ...entries } = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(new TextDecoder().decode(text)))
    return {
      metadata: metadataSchema.parse(__metadata__ ?? {}),
      entries: Object.entries(entries).map(([name, entry]) => [name, headerEntrySchema.parse(entry)])
    }
  } catch (error) {
    const first = error instanceof z.ZodError ? error.issues[0] : undefined
    throw corrupt(
      first ? `its header is wrong at '${first.path.join('.')}' (${first.message})` : 'the header is not JSON'
    )
  }
}

function decodeTensor(
  name: string,
  { dtype, shape, data_offsets: [begin, end] }: HeaderEntry,
  body: Uint8Array
): SafetensorsData {
  const half = dtype === 'F16'
  const Type = half ? Uint16Array : Object.hasOwn(TYPES, dtype) ? TYPES[dtype as SafetensorsType] : undefined
  if (!Type) throw corrupt(`tensor '${name}' has the unknown type ${dtype}`)
  const count = shape.reduce((product, length) => product * length, 1)
  if (end - begin !== count * Type.BYTES_PER_ELEMENT || end > body.length) {
    throw corrupt(`tensor '${name}' does not fit its shape`)
  }
  // Copied, so that the view is aligned and does not keep the whole file alive; not by `slice`, which in a Buffer copies nothing.
  const copy = new Uint8Array(body.subarray(begin, end))
  const data = new Type(copy.buffer, 0, count)
  return data instanceof Uint16Array ? halvesToFloats(data) : data
}

const corrupt = (why: string): StudioError => new StudioError('backbone/corrupt', `Not a safetensors file: ${why}.`)

function typeName(data: SafetensorsData): SafetensorsType {
  if (data instanceof Float32Array) return 'F32'
  return data instanceof Int32Array ? 'I32' : 'U8'
}
