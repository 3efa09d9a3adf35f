/** Inverted dropout (Srivastava et al. 2014): what stays is scaled up, so that nothing changes at prediction. */
import type { Random } from '@shared/random'

/** Two decisions are cut out of each 32-bit draw, so that the rate is kept to one part in 65,536. */
const LEVELS = 0x10000

/** Zeroes each value with probability `rate`, in place. */
export function dropOut(values: Float32Array, rate: number, random: Random): void {
  const threshold = Math.round(rate * LEVELS)
  if (threshold === 0) return
  const keep = LEVELS / (LEVELS - threshold)
  let bits = 0
  for (let index = 0; index < values.length; index++) {
    bits = index % 2 === 0 ? random.uint32() : bits >>> 16
    values[index] = (bits & 0xffff) < threshold ? 0 : values[index]! * keep
  }
}
