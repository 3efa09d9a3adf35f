/** Confidence intervals of counts. */

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
