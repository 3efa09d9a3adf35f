/** Everything that is looked for while a run trains, the gravest first. */
import { deadUnits } from './dead-units'
import type { Detector } from './detector'
import { diverged } from './diverged'
import { explodingGradients } from './exploding-gradients'
import { inputBound } from './input-bound'
import { learningRateHigh } from './learning-rate-high'
import { learningRateLow } from './learning-rate-low'
import { overfitting } from './overfitting'
import { plateau } from './plateau'
import { swapping } from './swapping'
import { throttling } from './throttling'
import { vanishingGradients } from './vanishing-gradients'

const OF_THE_MACHINE: readonly Detector[] = [swapping, inputBound, throttling]

const OF_THE_COURSE: readonly Detector[] = [
  diverged,
  explodingGradients,
  learningRateHigh,
  deadUnits,
  vanishingGradients,
  plateau,
  learningRateLow,
  overfitting
]

/** @param solves whether a solver goes straight to the optimum, which has no course to go wrong */
export const detectorsFor = (solves: boolean): readonly Detector[] =>
  solves ? OF_THE_MACHINE : [...OF_THE_COURSE, ...OF_THE_MACHINE]
