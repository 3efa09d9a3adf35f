/** Where the weights of a built-in architecture come from. */
import { createRandom } from '@shared/random'

/** What a variable is before training: drawn from a normal distribution around 0, or given. */
export type Initial = { standardDeviation: number } | { values: number | readonly number[] }

/**
 * @param name `layer/variable`, as Keras names them.
 * @param shape as Keras stores the variable.
 * @param initial what it is in an untrained network; a reader of trained weights has no use for it.
 */
export type WeightSource = (name: string, shape: readonly number[], initial: Initial) => Float32Array

/** Untrained weights; the same for the same seed. */
export function randomWeights(seed: number): WeightSource {
  const random = createRandom(seed)
  return (_name, shape, initial) => {
    const length = shape.reduce((product, side) => product * side, 1)
    if ('standardDeviation' in initial) {
      return Float32Array.from({ length }, () => random.normal() * initial.standardDeviation)
    }
    const { values } = initial
    return typeof values === 'number' ? new Float32Array(length).fill(values) : Float32Array.from(values)
  }
}

/** He et al. 2015: what a rectified layer of so many inputs needs so that its outputs are as wide as its inputs. */
export const heNormal = (inputs: number, gain = 1): Initial => ({ standardDeviation: gain * Math.sqrt(2 / inputs) })
