/** Confidence intervals and paired tests on counts. */

/** 97.5 % point of the standard normal: two-sided 95 %. */
const Z95 = 1.959963984540054

/**
 * Wilson score interval of a proportion (Wilson 1927): unlike the normal approximation it stays inside [0, 1] and keeps its
 * coverage for few observations and for proportions near 0 and 1.
 *
 * @returns [low, high]; [0, 1] when nothing was observed.
 */
export function wilsonInterval(successes: number, count: number, z = Z95): [low: number, high: number] {
  if (count === 0) return [0, 1]
  const share = successes / count
  const square = (z * z) / count
  const center = (share + square / 2) / (1 + square)
  const half = (z / (1 + square)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count))
  // The ends are exact at the extremes, where rounding would leave them a hair off.
  return [successes === 0 ? 0 : Math.max(0, center - half), successes === count ? 1 : Math.min(1, center + half)]
}

/**
 * Two-sided exact McNemar test (McNemar 1947): whether two classifiers tested on the same images differ. Under the null the
 * discordant pairs fall either way with probability one half, so that the p-value is a binomial tail.
 *
 * @param b images that only the first got right.
 * @param c images that only the second got right.
 * @returns p in (0, 1]; 1 when they never disagree.
 */
export function mcnemarExact(b: number, c: number): number {
  const count = b + c
  const few = Math.min(b, c)
  if (b === c) return 1
  // Terms in logarithms: 2^-n underflows from 1,075 pairs on.
  let logTerm = -count * Math.LN2
  let tail = Math.exp(logTerm)
  for (let k = 1; k <= few; k++) {
    logTerm += Math.log(count - k + 1) - Math.log(k)
    tail += Math.exp(logTerm)
  }
  return Math.min(1, 2 * tail)
}
