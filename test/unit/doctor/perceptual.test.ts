import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { HASH_SIDE, hammingDistance, perceptualHash } from '../../../main/engine/diagnosis/perceptual/hash'
import { findSame, largestGap } from '../../../main/engine/diagnosis/perceptual/same-picture'
import type { SmallPicture } from '../../../main/engine/diagnosis/perceptual/small-pictures'

/** Soft blobs: low frequencies, as photographs have. */
function picture(seed: number, change: (value: number, place: number) => number = (value) => value): Uint8Array {
  const random = createRandom(seed)
  const blobs = Array.from({ length: 6 }, () => [random.float() * 32, random.float() * 32, random.float() * 160 - 80])
  return Uint8Array.from({ length: HASH_SIDE ** 2 * 3 }, (_, place) => {
    const [x, y] = [Math.floor(place / 3) % HASH_SIDE, Math.floor(place / 3 / HASH_SIDE)]
    const light = blobs.reduce(
      (sum, [bx, by, size]) => sum + size! * Math.exp(-((x - bx!) ** 2 + (y - by!) ** 2) / 60),
      128
    )
    return Math.min(255, Math.max(0, change(light, place)))
  })
}
const grey = (pixels: Uint8Array): number[] => Array.from({ length: HASH_SIDE ** 2 }, (_, place) => pixels[place * 3]!)
const hashOf = (pixels: Uint8Array) => perceptualHash(grey(pixels))
const small = (id: number, pixels: Uint8Array): SmallPicture => ({
  image: { id, path: `${id}.png`, hash: String(id), classIndex: 0, split: 'train' },
  hash: hashOf(pixels),
  pixels
})

describe('the same picture', () => {
  it('has nearly the same hash with noise and another light; another picture has not', () => {
    const random = createRandom(5)
    for (const seed of [1, 2, 3, 4]) {
      const noisy = picture(seed, (value) => value * 0.95 + 6 + 1.5 * random.normal())
      expect(hammingDistance(hashOf(picture(seed)), hashOf(noisy))).toBeLessThanOrEqual(10)
      expect(hammingDistance(hashOf(picture(seed)), hashOf(picture(seed + 100)))).toBeGreaterThan(22)
    }
  })

  it('counts bits', () => {
    expect(hammingDistance([0, 0], [0, 0])).toBe(0)
    expect(hammingDistance([-1, -1], [0, 0])).toBe(64)
    expect(hammingDistance([0b1011, 0], [0b0001, 1 << 31])).toBe(3)
  })

  it('is found among others, in another light, and with noise', () => {
    const random = createRandom(6)
    const train = [11, 12, 13].map((seed) => small(seed, picture(seed)))
    const copy = small(
      1,
      picture(12, (value) => value + 5 + 2 * random.normal())
    )
    const pairs = findSame(train, [copy, small(2, picture(40))])
    expect(pairs.map(({ held, train: twin }) => [held.image.id, twin.image.id])).toEqual([[1, 12]])
  })

  it('is not one whose hands point elsewhere, near as their hashes are', () => {
    const hand = (at: number) => (value: number, place: number) => {
      const [x, y] = [Math.floor(place / 3) % HASH_SIDE, Math.floor(place / 3 / HASH_SIDE)]
      return Math.abs(y - 17.5) < 2 && x >= at && x < at + 4 ? value - 30 : value
    }
    const [first, second] = [picture(3, hand(4)), picture(3, hand(20))]
    expect(largestGap(first, second)).toBeGreaterThan(22)
    // On icons, which have few low frequencies, such hashes meet.
    const twin = { ...small(2, second), hash: hashOf(first) }
    expect(findSame([small(1, first)], [twin])).toEqual([])
    expect(findSame([small(1, first)], [small(2, first)])).toHaveLength(1)
  })
})
