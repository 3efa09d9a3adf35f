/** Pairs of pictures that are the same one in another file. */
import { HASH_SIDE, hammingDistance } from './hash'
import type { SmallPicture } from './small-pictures'

/** Bits of 64: as near as copies in another size or format stay. */
const MOST_BITS = 10
/** Side of the patches that are compared, pixels of the small picture. */
const PATCH = 4
/**
 * Difference of any patch, grey levels: a copy has it nowhere, another clock has it where its hands point. On the sample nine of
 * ten JPEG copies of another size stay below, and so does one pair of its clocks.
 */
const MOST_LEVELS = 22

/**
 * For each of `held` the first of `train` that looks the same. A near hash alone is not enough: icons and other drawings have few
 * low frequencies, so that different ones meet. Every part of the picture has to be the same.
 */
export function findSame(
  train: readonly SmallPicture[],
  held: readonly SmallPicture[]
): { held: SmallPicture; train: SmallPicture }[] {
  return held.flatMap((picture) => {
    const twin = train.find(
      (other) =>
        hammingDistance(other.hash, picture.hash) <= MOST_BITS &&
        largestGap(other.pixels, picture.pixels) <= MOST_LEVELS
    )
    return twin ? [{ held: picture, train: twin }] : []
  })
}

/** Of the patches of two small pictures, the largest difference of any colour's mean. A change of light of the whole is left out. */
export function largestGap(a: Uint8Array, b: Uint8Array): number {
  const patches = HASH_SIDE / PATCH
  const gaps = new Float64Array(patches * patches * 3)
  for (let y = 0; y < HASH_SIDE; y++) {
    for (let x = 0; x < HASH_SIDE; x++) {
      const patch = (Math.floor(y / PATCH) * patches + Math.floor(x / PATCH)) * 3
      for (let color = 0; color < 3; color++) {
        const place = (y * HASH_SIDE + x) * 3 + color
        gaps[patch + color]! += (a[place]! - b[place]!) / PATCH ** 2
      }
    }
  }
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  return gaps.reduce((most, gap) => Math.max(most, Math.abs(gap - mean)), 0)
}
