/** What the images of a batch are to be, and what each counts for. */
import { softTargets } from '../head-data'
import type { Mix } from './mix'

export interface BatchTargets {
  /** [images, classes], rows that sum to 1. */
  probabilities: Float32Array
  /** [images]; null: all 1. */
  weights: Float32Array | null
  /** The class that most of each picture is of. */
  truth: number[]
}

export interface TargetSettings {
  classes: number
  labelSmoothing: number
  /** What an image of each class counts for; null: all alike. */
  classWeights: Float32Array | null
}

/** A mixed picture is as much of each class as it holds of each picture, and counts accordingly. */
export function batchTargets(labels: readonly number[], mix: Mix | null, settings: TargetSettings): BatchTargets {
  const { classes, labelSmoothing, classWeights } = settings
  const own = softTargets(labels, classes, labelSmoothing)
  const weightOf = (label: number): number => classWeights![label]!
  if (!mix) {
    const weights = classWeights && Float32Array.from(labels, weightOf)
    return { probabilities: own, weights, truth: [...labels] }
  }
  const { partner, share } = mix
  const blend = (mine: number, other: number): number => share * mine + (1 - share) * other
  const probabilities = own.map((value, index) => {
    const [row, column] = [Math.floor(index / classes), index % classes]
    return blend(value, own[partner[row]! * classes + column]!)
  })
  const others = labels.map((_, row) => labels[partner[row]!]!)
  return {
    probabilities,
    weights: classWeights && Float32Array.from(labels, (label, row) => blend(weightOf(label), weightOf(others[row]!))),
    truth: share >= 0.5 ? [...labels] : others
  }
}
