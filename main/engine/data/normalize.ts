/** From bytes to the numbers that a network was trained on. */
import type { PreprocessingContract } from '../../../shared/domain/preprocessing.ts'
import type { ByteScale } from '../backbones/onnx/quantized/ranges.ts'

/** The part of a contract that says what a byte becomes. */
export type ValueContract = Pick<PreprocessingContract, 'colorOrder' | 'mean' | 'std'>

/**
 * (value − mean) / std for each channel, in the contract's colour order.
 * @param pixels RGB bytes, as loadPixels gives them.
 * @param out where to write, from `offset` on: the batch's own buffer spares a copy.
 */
export function normalize(
  pixels: Uint8Array,
  contract: ValueContract,
  out: Float32Array = new Float32Array(pixels.length),
  offset = 0
): Float32Array {
  return translate(pixels, contract.colorOrder, valueTables(contract), out, offset)
}

/**
 * As `normalize`, rounded as `scale` says, for a network that takes its pictures in eight bits. Where all channels have one mean
 * and one deviation, and the bounds are those of a byte, the pixels are what it takes.
 * @param out may be the pixels themselves unless the contract's order is BGR
 */
export function normalizeToBytes(
  pixels: Uint8Array,
  contract: ValueContract,
  scale: ByteScale,
  out: Uint8Array = new Uint8Array(pixels.length)
): Uint8Array {
  const tables = valueTables(contract).map((table) => toBytes(table, scale))
  const asTheyAre =
    contract.colorOrder === 'RGB' && tables.every((table) => table.every((byte, value) => byte === value))
  if (!asTheyAre) return translate(pixels, contract.colorOrder, tables, out, 0)
  if (out !== pixels) out.set(pixels)
  return out
}

/** The bytes of values that are normalised already; what lies outside the bounds is clipped. */
export function toBytes(values: Float32Array, { scale, zeroPoint }: ByteScale): Uint8Array {
  // An array of this kind rounds, and clamps.
  const bytes = new Uint8ClampedArray(values.length)
  for (let index = 0; index < values.length; index++) bytes[index] = values[index]! / scale + zeroPoint
  return new Uint8Array(bytes.buffer)
}

/** A byte has 256 values, so a channel has 256 results. */
const valueTables = ({ mean, std }: ValueContract): Float32Array[] =>
  mean.map((value, channel) => Float32Array.from({ length: 256 }, (_, byte) => (byte - value) / std[channel]!))

function translate<T extends Float32Array | Uint8Array>(
  pixels: Uint8Array,
  colorOrder: ValueContract['colorOrder'],
  tables: readonly T[],
  out: T,
  offset: number
): T {
  const order = colorOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0]
  order.forEach((source, channel) => {
    const table = tables[channel]!
    for (let place = source, to = offset + channel; place < pixels.length; place += 3, to += 3) {
      out[to] = table[pixels[place]!]!
    }
  })
  return out
}
