/** Random numbers of successes. */
import type { Random } from '../random'
import { logGamma } from './distributions'

/** From this mean on, rejection is faster than counting; below it is not valid. */
const REJECTION_FROM = 10

/** How many of `count` trials succeed, each with probability `share`. */
export function drawBinomial(random: Pick<Random, 'uint32'>, count: number, share: number): number {
  if (count === 0 || share <= 0) return 0
  if (share >= 1) return count
  if (share > 0.5) return count - drawBinomial(random, count, 1 - share)
  return count * share < REJECTION_FROM ? byWaiting(random, count, share) : byRejection(random, count, share)
}

/** From success to success: the trials between them are geometric (Devroye 1986, chapter X.4.3). */
function byWaiting(random: Pick<Random, 'uint32'>, count: number, share: number): number {
  const logMiss = Math.log1p(-share)
  let successes = -1
  for (let trial = -1; trial < count; successes++) trial += 1 + Math.floor(Math.log(uniform(random)) / logMiss)
  return successes
}

/** Transformed rejection, algorithm BTRS of Hörmann 1993 (https://doi.org/10.1080/00949659308811496): a draw or two, however many trials. */
function byRejection(random: Pick<Random, 'uint32'>, count: number, share: number): number {
  const spread = Math.sqrt(count * share * (1 - share))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * share
  const c = count * share + 0.5
  const alpha = (2.83 + 5.1 / b) * spread
  const logOdds = Math.log(share / (1 - share))
  const mode = Math.floor((count + 1) * share)
  const atMode = logFactorial(mode) + logFactorial(count - mode)
  for (;;) {
    const u = uniform(random) - 0.5
    const v = uniform(random)
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + c)
    if (k < 0 || k > count) continue
    // The box inside of the curve, where most draws fall.
    if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k
    const bound = Math.log((v * alpha) / (a / (us * us) + b))
    if (bound <= atMode - logFactorial(k) - logFactorial(count - k) + (k - mode) * logOdds) return k
  }
}

const logFactorial = (k: number): number => logGamma(k + 1)

/** In (0, 1), neither end: logarithms of it are finite. */
const uniform = (random: Pick<Random, 'uint32'>): number => (random.uint32() + 0.5) / 0x100000000
