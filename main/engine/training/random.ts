/**
 * Random numbers of a training: every draw comes out of a stream that is named by what it is for, so that a draw more in one
 * place changes nothing in another, and whose state can be saved with a checkpoint and taken up again.
 */
import { createRandom, restoreRandom, type Random } from '@shared/random'

export interface TrainingRandom extends Random {
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number
  /** Beta(a, b), both above 0: the mixing share of mixup and CutMix. */
  beta(a: number, b: number): number
}

/**
 * The stream of one use: `derive(seed, 'head', 'shuffle')`, `derive(seed, 'augment', epoch, imageId)`. The same for the same seed
 * and labels; a number and its text are different labels.
 */
export function derive(seed: number, ...labels: readonly (string | number)[]): TrainingRandom {
  const text = JSON.stringify([seed, ...labels])
  return extend(createRandom(hash(text, 0x811c9dc5), hash(text, 0x9747b28c)))
}

/** Goes on where `state()` was taken. @throws RangeError when the numbers are not a state */
export const fromState = (state: readonly number[]): TrainingRandom => extend(restoreRandom(state))

/** FNV-1a (Fowler, Noll and Vo, RFC 9923) over UTF-16 units, finished as Murmur3 is: neighbours end far apart. */
function hash(text: string, basis: number): number {
  let value = basis
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return value ^ (value >>> 16)
}

function extend(random: Random): TrainingRandom {
  const uniform = (low: number, high: number): number => low + (high - low) * random.float()

  /** Logarithm of a uniform draw in (0, 1]. */
  const logUniform = (): number => Math.log(1 - random.float())

  /**
   * Logarithm of Gamma(shape, 1), by Marsaglia & Tsang 2000 (https://doi.org/10.1145/358407.358414); below 1 through
   * Gamma(shape + 1) · U^(1/shape), which would be zero too often if it were not a logarithm.
   */
  const logGamma = (shape: number): number => {
    if (shape < 1) return logGamma(shape + 1) + logUniform() / shape
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = random.normal()
      const v = (1 + c * x) ** 3
      if (v > 0 && logUniform() < (x * x) / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v)
    }
  }

  const beta = (a: number, b: number): number => {
    const first = logGamma(a)
    return 1 / (1 + Math.exp(logGamma(b) - first))
  }

  return { ...random, uniform, beta }
}
