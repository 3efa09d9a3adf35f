/**
 * A perceptual hash of 64 bits: the signs of the lowest frequencies of a picture's discrete cosine transform against their median
 * (Zauner 2010, 'Implementation and benchmarking of perceptual image hash functions'). It survives another size, another format
 * and a change of light.
 */

/** Side of the grey picture that is transformed. */
export const HASH_SIDE = 32
/** Frequencies each way: 8 × 8 bits. */
const KEPT = 8

const COSINES = Float64Array.from({ length: KEPT * HASH_SIDE }, (_, index) => {
  const [frequency, place] = [Math.floor(index / HASH_SIDE), index % HASH_SIDE]
  return Math.cos(((2 * place + 1) * frequency * Math.PI) / (2 * HASH_SIDE))
})

/** As two halves of 32 bits. */
export type PerceptualHash = readonly [high: number, low: number]

/** @param grey HASH_SIDE × HASH_SIDE, row by row */
export function perceptualHash(grey: ArrayLike<number>): PerceptualHash {
  const columns = new Float64Array(KEPT * HASH_SIDE)
  for (let v = 0; v < KEPT; v++) {
    for (let x = 0; x < HASH_SIDE; x++) {
      let sum = 0
      for (let y = 0; y < HASH_SIDE; y++) sum += grey[y * HASH_SIDE + x]! * COSINES[v * HASH_SIDE + y]!
      columns[v * HASH_SIDE + x] = sum
    }
  }
  const values = new Float64Array(KEPT * KEPT)
  for (let v = 0; v < KEPT; v++) {
    for (let u = 0; u < KEPT; u++) {
      let sum = 0
      for (let x = 0; x < HASH_SIDE; x++) sum += columns[v * HASH_SIDE + x]! * COSINES[u * HASH_SIDE + x]!
      values[v * KEPT + u] = sum
    }
  }
  // The first is the mean light, which says nothing of shapes.
  const sorted = values.slice(1).sort()
  const median = sorted[Math.floor(sorted.length / 2)]!
  let [high, low] = [0, 0]
  values.forEach((value, place) => {
    if (value <= median) return
    if (place < 32) high |= 1 << place
    else low |= 1 << (place - 32)
  })
  return [high | 0, low | 0]
}

/** Bits that differ, 0–64. */
export const hammingDistance = (a: PerceptualHash, b: PerceptualHash): number => ones(a[0] ^ b[0]) + ones(a[1] ^ b[1])

/** Set bits of 32 (Warren 2012, 'Hacker's Delight', section 5-1). */
function ones(bits: number): number {
  let value = bits - ((bits >>> 1) & 0x55555555)
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333)
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
