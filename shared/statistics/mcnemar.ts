/** Whether two classifiers tested on the same images differ (McNemar 1947). */
import { normalTwoSided } from './distributions'

export interface McNemar {
  /** Images that only the first, and only the second, got right. */
  b: number
  c: number
  /** Two-sided, in (0, 1]. */
  p: number
  /** `exact`: binomial. `chi-square`: with continuity correction. */
  method: 'exact' | 'chi-square'
}

/** Fewer images on which the two differ are too few for the approximation. */
const ENOUGH_PAIRS = 25

/**
 * Exact below 25 images that only one got right; from there on chi-square with the continuity correction of Edwards 1948, as
 * Dietterich 1998 (https://doi.org/10.1162/089976698300017197) has it for classifiers.
 */
export function mcnemar(b: number, c: number): McNemar {
  const count = b + c
  if (count < ENOUGH_PAIRS) return { b, c, p: mcnemarExact(b, c), method: 'exact' }
  // statsmodels writes (|b − c| − 1)², which at b = c would be 1: equal counts are no evidence at all.
  const distance = Math.max(0, Math.abs(b - c) - 1)
  return { b, c, p: normalTwoSided(distance / Math.sqrt(count)), method: 'chi-square' }
}

/**
 * The exact test: under the null the images that only one got right fall either way with probability one half, so that the
 * p-value is a binomial tail.
 *
 * @returns p in (0, 1]; 1 when they never disagree
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
