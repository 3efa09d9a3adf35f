/** Inverted dropout (Srivastava et al. 2014): what stays is scaled up, so that nothing changes at prediction. */
import type { Random } from '@shared/random'

/** Two decisions are cut out of each 32-bit draw, so that the rate is kept to one part in 65,536. */
const LEVELS = 0x10000

/** Zeroes each value with probability `rate`, in place. */
export function dropOut(values: Float32Array, rate: number, random: Random): void {
  const threshold = Math.round(rate * LEVELS)
  if (threshold === 0) return
  const draws = new Int32Array(Math.ceil(values.length / 2))
  random.fill(draws)
  // By table rather than by branch: one that goes either way half of the time costs more than all the rest. The sign bit of
  // last − draw is the answer.
  const factors = Float32Array.of(0, LEVELS / (LEVELS - threshold))
  const last = threshold - 1
  for (let index = 0; index < values.length; index++) {
    const draw = index & 1 ? draws[index >> 1]! >>> 16 : draws[index >> 1]! & 0xffff
    values[index]! *= factors[(last - draw) >>> 31]!
  }
}

/** The factors alone: what `dropOut` makes of ones. */
export function dropoutFactors(length: number, rate: number, random: Random): Float32Array {
  const factors = new Float32Array(length).fill(1)
  dropOut(factors, rate, random)
  return factors
}
