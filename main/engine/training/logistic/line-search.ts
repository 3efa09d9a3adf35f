/** A step length that fulfils the strong Wolfe conditions (Nocedal & Wright 2006, algorithms 3.5 and 3.6). */
import type { Evaluation, Objective } from './lbfgs'
import { dot } from './vector-pairs'

/** A point and what the function is there. */
interface Located extends Evaluation {
  point: Float64Array
}

export interface FoundStep {
  /** Null when no step goes down as far as the function's precision tells. */
  next: Located | null
  stepLength: number
  evaluations: number
}

/** Share of the slope that the value must fall by. */
const DECREASE = 1e-4
/** Share of the slope that may be left. */
const CURVATURE = 0.9
const MAX_EVALUATIONS = 20
/** Values nearer than this share of themselves are one to a function that is computed in float32. */
const VALUE_PRECISION = 2e-7

/** On the line: length, value, slope, and the place. */
interface Trial extends Located {
  length: number
  slope: number
}

/**
 * @param direction along which the function falls
 * @param firstStep the length tried first
 */
export async function searchStrongWolfe(
  objective: Objective,
  from: Located,
  direction: Float64Array,
  firstStep: number
): Promise<FoundStep> {
  const start: Trial = { ...from, length: 0, slope: dot(from.gradient, direction) }
  let evaluations = 0
  const none = (): FoundStep => ({ next: null, stepLength: 0, evaluations })
  if (!(start.slope < 0)) return none()
  const slack = VALUE_PRECISION * Math.abs(start.value)
  const tooHigh = (trial: Trial): boolean =>
    !(trial.value <= start.value + DECREASE * trial.length * start.slope + slack)
  const flatEnough = (trial: Trial): boolean => Math.abs(trial.slope) <= -CURVATURE * start.slope
  const at = async (length: number): Promise<Trial> => {
    evaluations++
    const point = new Float64Array(from.point.length)
    for (let index = 0; index < point.length; index++) point[index] = from.point[index]! + length * direction[index]!
    const { value, gradient } = await objective(point)
    return { point, value, gradient, length, slope: dot(gradient, direction) }
  }
  const done = ({ point, value, gradient, length }: Trial): FoundStep => ({
    next: { point, value, gradient },
    stepLength: length,
    evaluations
  })

  /** Between a good end and one beyond it there is a step; closes in on it by cubics. */
  const zoom = async (low: Trial, high: Trial): Promise<FoundStep> => {
    while (evaluations < MAX_EVALUATIONS) {
      const trial = await at(between(low, high))
      if (tooHigh(trial) || trial.value >= low.value + slack) high = trial
      else {
        if (flatEnough(trial)) return done(trial)
        if (trial.slope * (high.length - low.length) >= 0) high = low
        low = trial
      }
      if (Math.abs(high.length - low.length) <= 1e-9 * Math.max(high.length, low.length)) break
    }
    return low.length > 0 ? done(low) : none()
  }

  let previous = start
  let length = firstStep
  while (evaluations < MAX_EVALUATIONS) {
    const trial = await at(length)
    if (tooHigh(trial) || (previous.length > 0 && trial.value >= previous.value + slack)) return zoom(previous, trial)
    if (flatEnough(trial)) return done(trial)
    if (trial.slope >= 0) return zoom(trial, previous)
    previous = trial
    length *= 2
  }
  return done(previous)
}

/**
 * The minimum of the cubic through both ends' values and slopes, kept off the ends; half-way where there is none.
 */
function between(low: Trial, high: Trial): number {
  const middle = (low.length + high.length) / 2
  if (!Number.isFinite(high.value) || !Number.isFinite(high.slope)) return middle
  const width = high.length - low.length
  const d1 = low.slope + high.slope - (3 * (high.value - low.value)) / width
  const square = d1 * d1 - low.slope * high.slope
  if (square < 0) return middle
  const d2 = Math.sign(width) * Math.sqrt(square)
  const length = high.length - (width * (high.slope + d2 - d1)) / (high.slope - low.slope + 2 * d2)
  const margin = 0.1 * Math.abs(width)
  const [least, most] = [Math.min(low.length, high.length) + margin, Math.max(low.length, high.length) - margin]
  return Number.isFinite(length) ? Math.min(most, Math.max(least, length)) : middle
}
