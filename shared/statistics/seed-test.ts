/** Whether two ways to train differ beyond what their seeds change. */
import { studentQuantile, studentTwoSided } from './distributions'

export interface SeedTest {
  method: 'welch' | 'paired'
  meanA: number
  meanB: number
  /** Mean of b less mean of a, with its two-sided 95 % interval. */
  difference: number
  low: number
  high: number
  t: number
  /** Degrees of freedom. */
  df: number
  /** Two-sided. */
  p: number
}

/**
 * Welch's t test (1947) on one figure a seed. Seeds that have the same number in both groups have nothing in common but that, unless
 * they decide which images are trained and tested on: then the figures go in pairs.
 *
 * @param a one figure a seed, for example the test accuracy
 * @param paired whether place n of both is of the same split
 * @returns null with fewer than two figures a side: their spread is unknown
 * @throws RangeError when paired figures are not equally many
 */
export function seedTest(a: readonly number[], b: readonly number[], { paired = false } = {}): SeedTest | null {
  if (paired && a.length !== b.length) throw new RangeError('Paired figures must be equally many.')
  if (a.length < 2 || b.length < 2) return null
  const [meanA, meanB] = [mean(a), mean(b)]
  const differences = b.map((value, index) => value - a[index]!)
  const [squareA, squareB] = [variance(a) / a.length, variance(b) / b.length]
  const square = paired ? variance(differences) / a.length : squareA + squareB
  const df = paired ? a.length - 1 : welchFreedom(squareA, a.length, squareB, b.length)
  const difference = paired ? mean(differences) : meanB - meanA
  const error = Math.sqrt(square)
  const base = { method: paired ? ('paired' as const) : ('welch' as const), meanA, meanB, difference, df }
  // Figures that never vary: any difference is beyond what seeds change.
  if (error === 0) {
    const t = difference === 0 ? 0 : Math.sign(difference) * Infinity
    return { ...base, low: difference, high: difference, t, p: difference === 0 ? 1 : 0 }
  }
  const half = studentQuantile(0.05, df) * error
  const t = difference / error
  return { ...base, low: difference - half, high: difference + half, t, p: studentTwoSided(t, df) }
}

/** Welch–Satterthwaite. */
function welchFreedom(squareA: number, countA: number, squareB: number, countB: number): number {
  const sum = squareA + squareB
  if (sum === 0) return countA + countB - 2
  return (sum * sum) / ((squareA * squareA) / (countA - 1) + (squareB * squareB) / (countB - 1))
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Of the population, estimated: n − 1. Exactly 0 for equal values, which rounding of their mean would spoil. */
export function variance(values: readonly number[]): number {
  if (values.every((value) => value === values[0])) return 0
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
}
