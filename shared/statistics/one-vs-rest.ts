/**
 * Scores of one class against all others, and their averages over the classes. Probabilities are row-major [images, classes].
 * Macro: the plain mean over the classes that have an area. Micro: every (image, class) is a decision of its own.
 */
import { averagePrecision } from './precision-recall'
import { rocArea } from './roc'

/** Scores, and whether (1 or 0) each is of a positive. */
export interface Scored {
  scores: Float64Array
  positive: Uint8Array
}

export function oneAgainstRest(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classCount: number,
  classIndex: number
): Scored {
  return {
    scores: Float64Array.from(truth, (_, row) => probabilities[row * classCount + classIndex]!),
    positive: Uint8Array.from(truth, (label) => Number(label === classIndex))
  }
}

/** All (image, class) decisions in one. */
export function allDecisions(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classCount: number): Scored {
  return {
    scores: Float64Array.from(probabilities),
    positive: Uint8Array.from(probabilities, (_, place) =>
      Number(truth[Math.floor(place / classCount)] === place % classCount)
    )
  }
}

export interface Areas {
  /** Null where no image is positive. */
  averagePrecision: number | null
  /** Null where no image is positive, or none negative. */
  rocArea: number | null
}

export interface OneVsRestAreas {
  classes: Areas[]
  /** Null where no class has one. */
  macro: Areas
  micro: Areas
}

export function oneVsRestAreas(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classCount: number
): OneVsRestAreas {
  const areas = ({ scores, positive }: Scored): Areas => ({
    averagePrecision: averagePrecision(scores, positive),
    rocArea: rocArea(scores, positive)
  })
  const classes = Array.from({ length: classCount }, (_, index) =>
    areas(oneAgainstRest(probabilities, truth, classCount, index))
  )
  return {
    classes,
    macro: {
      averagePrecision: meanOf(classes.map((each) => each.averagePrecision)),
      rocArea: meanOf(classes.map((each) => each.rocArea))
    },
    micro: areas(allDecisions(probabilities, truth, classCount))
  }
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
