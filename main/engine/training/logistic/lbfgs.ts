/**
 * Limited-memory BFGS (Nocedal 1980; Liu & Nocedal 1989) for smooth functions of many variables, in float64. The function may
 * be computed elsewhere, in float32: a step that float32 cannot tell from none ends the search, and is no error.
 */
import { searchStrongWolfe } from './line-search'
import { VectorPairs } from './vector-pairs'

export interface Evaluation {
  value: number
  /** Of the length of the point; the minimiser may keep it. */
  gradient: Float64Array
}

/** @param point not to be kept: the minimiser writes into it. */
export type Objective = (point: Float64Array) => Promise<Evaluation>

export interface MinimizeOptions {
  /** Ends when no part of the gradient is larger. */
  tolerance: number
  maxIterations: number
  /** Pairs of differences that stand for the Hessian. */
  memory?: number
  /** After every iteration. @returns true to end here */
  onIteration?: (iteration: { value: number; largestGradient: number; stepLength: number }) => boolean | void
}

export interface Minimum extends Evaluation {
  point: Float64Array
  iterations: number
  evaluations: number
  /** Whether the gradient became as small as was asked; false after `maxIterations`, or where rounding ended the search. */
  converged: boolean
}

/** Ten pairs: scikit-learn's and SciPy's number. */
const MEMORY = 10

/** @param start not changed. @returns the last point; a value that is not finite ends the search at the point before. */
export async function minimize(objective: Objective, start: Float64Array, options: MinimizeOptions): Promise<Minimum> {
  const { tolerance, maxIterations, memory = MEMORY, onIteration } = options
  let point: Float64Array = start.slice()
  let { value, gradient } = await objective(point)
  let evaluations = 1
  let iterations = 0
  const pairs = new VectorPairs(memory)
  const state = (converged: boolean): Minimum => ({ point, value, gradient, iterations, evaluations, converged })
  while (largest(gradient) > tolerance) {
    if (iterations === maxIterations) return state(false)
    const direction = pairs.direction(gradient)
    const firstStep = pairs.isEmpty ? Math.min(1, 1 / norm(gradient)) : 1
    const found = await searchStrongWolfe(objective, { point, value, gradient }, direction, firstStep)
    evaluations += found.evaluations
    if (!found.next) {
      // Along −gradient too: nothing is left that this precision can see.
      if (pairs.isEmpty) return state(false)
      pairs.clear()
      continue
    }
    const { next } = found
    pairs.add(point, gradient, next.point, next.gradient)
    ;({ point, value, gradient } = next)
    iterations++
    if (onIteration?.({ value, largestGradient: largest(gradient), stepLength: found.stepLength })) return state(false)
  }
  return state(true)
}

function largest(values: Float64Array): number {
  let max = 0
  for (let index = 0; index < values.length; index++) max = Math.max(max, Math.abs(values[index]!))
  return max
}

function norm(values: Float64Array): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index]! ** 2
  return Math.sqrt(sum)
}
