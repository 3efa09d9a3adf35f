/** How many test images it takes to see a difference of two classifiers. */

/** 97.5 and 80 % points of the standard normal: level .05 on both sides, power .8. */
const Z_LEVEL = 1.959963984540054
const Z_POWER = 0.8416212335729143

export interface ImagesNeededInput {
  /** Accuracy points as a share: 0.01 for one point. Not 0. */
  difference: number
  /** Images that only one of the two got right, out of `count`. */
  discordant: number
  count: number
}

/**
 * Test images in all with which McNemar's test at level .05 sees a difference of that size four times out of five (Connor 1987,
 * https://doi.org/10.2307/2531961). It depends on how often only one of the two is right, which is taken from the images so far:
 * half an image more than was counted, for of few images none may be like that by chance; and at least the difference itself,
 * which cannot be larger than that share.
 */
export function imagesNeeded({ difference, discordant, count }: ImagesNeededInput): number {
  const size = Math.abs(difference)
  const share = Math.min(1, Math.max(size, (discordant + 0.5) / (count + 1)))
  const root = Z_LEVEL * Math.sqrt(share) + Z_POWER * Math.sqrt(share - size * size)
  return Math.ceil((root / size) ** 2)
}
