/** p-values of several tests, corrected for there being several. */

/**
 * Holm 1979, 'A simple sequentially rejective multiple test procedure': the smallest p is multiplied by the number of tests, the
 * next by one less, and so on, none falling below the one before. The chance of any false alarm stays under the level, however the
 * tests depend on each other.
 *
 * @returns in the order of `ps`
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]!)
  const corrected = new Array<number>(ps.length)
  let largest = 0
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, ps[index]! * (ps.length - rank)))
    corrected[index] = largest
  })
  return corrected
}
