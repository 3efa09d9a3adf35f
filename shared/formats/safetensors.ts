/**
 * Safetensors, the format of our checkpoints and prediction files: 8 bytes little-endian header length, a JSON header, then
 * the raw tensors (https://github.com/huggingface/safetensors#format). Pure functions on bytes.
 */
import { StudioError } from '../errors'

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

interface HeaderEntry {
  dtype: string
  shape: number[]
  data_offsets: [number, number]
}

/** Largest header that is believed, bytes: the reference implementation's own limit. */
const MAX_HEADER = 100_000_000

export function encodeSafetensors(tensors: Map<string, SafeTensor>, metadata: Record<string, string> = {}): Uint8Array {
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
  const bytes = new Uint8Array(8 + padded + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.fill(0x20, 8, 8 + padded)
  bytes.set(text, 8)
  let place = 8 + padded
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place)
    place += data.byteLength
  }
  return bytes
}

/** @throws StudioError backbone/corrupt when the bytes are not what their header says. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const corrupt = (why: string): StudioError => new StudioError('backbone/corrupt', `Not a safetensors file: ${why}.`)
  if (bytes.length < 8) throw corrupt('it is shorter than its header')
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER || 8 + length > bytes.length) throw corrupt('the header is longer than the file')
  let header: Record<string, HeaderEntry>
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, HeaderEntry>
  } catch {
    throw corrupt('the header is not JSON')
  }
  const metadata = (header['__metadata__'] ?? {}) as unknown as Record<string, string>
  const tensors = new Map<string, SafeTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const Type = TYPES[entry.dtype as SafetensorsType]
    if (!Type) throw corrupt(`tensor '${name}' has the unknown type ${entry.dtype}`)
    const [begin, end] = entry.data_offsets
    const count = entry.shape.reduce((product, size) => product * size, 1)
    const start = 8 + length + begin
    if (begin < 0 || end - begin !== count * Type.BYTES_PER_ELEMENT || 8 + length + end > bytes.length) {
      throw corrupt(`tensor '${name}' does not fit its shape`)
    }
    // Copied, so that the view is aligned and does not keep the whole file alive; not by `slice`, which in a Buffer copies nothing.
    const copy = new Uint8Array(bytes.subarray(start, start + (end - begin)))
    tensors.set(name, { shape: entry.shape, data: new Type(copy.buffer, 0, count) })
  }
  return { tensors, metadata }
}

function typeName(data: SafetensorsData): SafetensorsType {
  if (data instanceof Float32Array) return 'F32'
  return data instanceof Int32Array ? 'I32' : 'U8'
}
