/** Pairs of pictures that are the same one in another file. */
import { hammingDistance } from './hash'
import type { SmallPicture } from './small-pictures'

/** Bits of 64: as near as copies in another size or format stay. */
const MOST_BITS = 10
/** Mean difference of the small pictures, grey levels: drawings of one kind share their shapes, but not each pixel. */
const MOST_LEVELS = 6

/**
 * For each of `held` the first of `train` that looks the same. A near hash alone is not enough: icons and other drawings have few
 * low frequencies, so that different ones meet.
 */
export function findSame(
  train: readonly SmallPicture[],
  held: readonly SmallPicture[]
): { held: SmallPicture; train: SmallPicture }[] {
  return held.flatMap((picture) => {
    const twin = train.find(
      (other) =>
        hammingDistance(other.hash, picture.hash) <= MOST_BITS && meanGap(other.pixels, picture.pixels) <= MOST_LEVELS
    )
    return twin ? [{ held: picture, train: twin }] : []
  })
}

export function meanGap(a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let place = 0; place < a.length; place++) sum += Math.abs(a[place]! - b[place]!)
  return sum / a.length
}
