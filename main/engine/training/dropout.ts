/** Inverted dropout (Srivastava et al. 2014): what stays is scaled up, so that nothing changes at prediction. */
import type { Random } from '@shared/random'

/** Two decisions are cut out of each 32-bit draw, so that the rate is kept to one part in 65,536. */
const LEVELS = 0x10000

/** Draws made at a time: they stay in the cache nearest to the processor. */
const CHUNK = 2048

/** Zeroes each value with probability `rate`, in place. */
export function dropOut(values: Float32Array, rate: number, random: Random): void {
  const threshold = Math.round(rate * LEVELS)
  if (threshold === 0) return
  // By table rather than by branch: one that goes either way half of the time costs more than all the rest. The sign bit of
  // last − draw is the answer.
  const factors = Float32Array.of(0, LEVELS / (LEVELS - threshold))
  const last = threshold - 1
  const buffer = new Int32Array(CHUNK)
  for (let start = 0; start < values.length; start += 2 * CHUNK) {
    const draws = buffer.subarray(0, Math.ceil((values.length - start) / 2))
    random.fill(draws)
    for (let pair = 0, place = start; pair < draws.length; pair++, place += 2) {
      const draw = draws[pair]!
      values[place]! *= factors[(last - (draw & 0xffff)) >>> 31]!
      if (place + 1 < values.length) values[place + 1]! *= factors[(last - (draw >>> 16)) >>> 31]!
    }
  }
}

/** The factors alone: what `dropOut` makes of ones. */
export function dropoutFactors(length: number, rate: number, random: Random): Float32Array {
  const factors = new Float32Array(length).fill(1)
  dropOut(factors, rate, random)
  return factors
}
