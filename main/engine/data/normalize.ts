/** From bytes to the numbers that a network was trained on. */
import type { PreprocessingContract } from '../../../shared/domain/preprocessing.ts'

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
  const order = contract.colorOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0]
  order.forEach((source, channel) => {
    const table = valueTable(contract.mean[channel]!, contract.std[channel]!)
    for (let place = source, to = offset + channel; place < pixels.length; place += 3, to += 3) {
      out[to] = table[pixels[place]!]!
    }
  })
  return out
}

/** A byte has 256 values, so a channel has 256 results. */
function valueTable(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => (value - mean) / std)
}
