/** Columns of numbers as text: base64 of little-endian Float64, which every machine that this runs on is by itself. */
import type { PackedPoints } from '../domain/curves'
import type { Points } from './points'

type FromBase64 = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }

/** Reads a packed column, in Node and in a browser. */
export function unpackColumn(text: string): Float64Array {
  // Newer engines decode by themselves, many times as fast.
  const decode = (Uint8Array as FromBase64).fromBase64
  if (decode) return new Float64Array(decode.call(Uint8Array, text).buffer)
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  return new Float64Array(bytes.buffer)
}

export const unpackPoints = ({ x, y }: PackedPoints): Points => ({ x: unpackColumn(x), y: unpackColumn(y) })
