/** How far the difference of two classifiers would vary on other test images of the same kind. */
import { createRandom } from '../random'
import { drawBinomial } from './binomial'

export interface BootstrapOptions {
  resamples?: number
  /** The same seed gives the same interval. */
  seed?: number
}

export interface BootstrapInterval {
  /** Mean of the second less mean of the first. */
  difference: number
  /** Two-sided 95 %. */
  low: number
  high: number
  /** Two-sided, for a difference of 0. */
  p: number
}

export const BOOTSTRAP_RESAMPLES = 2000

/**
 * Paired bootstrap over test images (Efron & Tibshirani 1993): the images are drawn anew with replacement, and with each the answers
 * of both classifiers.
 *
 * The interval is the percentile one. The bias and skew that BCa corrects are, for a mean of differences that are 0 nearly
 * everywhere, smaller than a step of one image; and the jackknife and the ties that BCa is estimated from are coarser than that.
 * The p-value comes from the same resamples, twice the smaller share on either side of 0, so that it is below .05 where the interval
 * leaves 0 out.
 *
 * @param a whether the first was right on each image (1 or 0), or its mean over several seeds; `b` on the same images
 */
export function pairedBootstrap(
  a: ArrayLike<number | boolean>,
  b: ArrayLike<number | boolean>,
  { resamples = BOOTSTRAP_RESAMPLES, seed = 0 }: BootstrapOptions = {}
): BootstrapInterval {
  const differences = Float64Array.from(a, (value, index) => Number(b[index]) - Number(value))
  if (differences.length === 0) return { difference: 0, low: 0, high: 0, p: 1 }
  const difference = differences.reduce((sum, value) => sum + value, 0) / differences.length
  return { difference, ...percentileInterval(resampledMeans(differences, resamples, seed)) }
}

/**
 * Means of resamples of the differences.
 *
 * Few different values occur (−1, 0 and 1, or shares of some seeds). How often each is drawn is multinomial, which is drawn value by
 * value as binomials: the same distribution as drawing image by image, at a cost that does not grow with the images.
 */
export function resampledMeans(differences: Float64Array, resamples: number, seed: number): Float64Array {
  const count = differences.length
  const occurrences = new Map<number, number>()
  for (const value of differences) occurrences.set(value, (occurrences.get(value) ?? 0) + 1)
  // What changes no sum need not be drawn: it is what is left over. In ascending order, whatever order the images came in.
  const unequal = [...occurrences].filter(([value]) => value !== 0).sort(([a], [b]) => a - b)
  const random = createRandom(seed)
  return Float64Array.from({ length: resamples }, () => {
    let [sum, draws, images] = [0, count, count]
    for (const [value, often] of unequal) {
      const drawn = drawBinomial(random, draws, often / images)
      sum += drawn * value
      draws -= drawn
      images -= often
    }
    return sum / count
  })
}

/** The 2.5 and 97.5 % points of the means (interpolated as numpy.percentile does), and twice the smaller share beside 0. */
export function percentileInterval(means: Float64Array): Pick<BootstrapInterval, 'low' | 'high' | 'p'> {
  const sorted = Float64Array.from(means).sort()
  const quantile = (share: number): number => {
    const place = share * (sorted.length - 1)
    const below = Math.floor(place)
    const [first, second] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!]
    return first + (second - first) * (place - below)
  }
  const upTo = means.reduce((total, mean) => total + Number(mean <= 0), 0)
  const from = means.reduce((total, mean) => total + Number(mean >= 0), 0)
  // The observed difference counts as a resample of the null: no number of resamples makes p 0 (Davison & Hinkley 1997, 4.2).
  const p = Math.min(1, (2 * (Math.min(upTo, from) + 1)) / (means.length + 1))
  return { low: quantile(0.025), high: quantile(0.975), p }
}
