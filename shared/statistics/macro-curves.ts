/** One curve for all classes: the mean of the classes' own, each class counting alike. */
import type { Scored } from './one-vs-rest'
import { precisionRecallCurve } from './precision-recall'
import { rocArea, rocCurve } from './roc'

export interface Curve {
  /** Ascending from 0 to 1; two points where the curve rises straight up. Empty where no class has a curve. */
  x: Float64Array
  y: Float64Array
}

/**
 * Mean true positive rate over every false positive rate that a class's curve has a point at, with the classes' curves joined by
 * straight lines. Both ends of a vertical stretch are kept, so that the area is the mean of the classes' areas; scikit-learn's
 * example of a macro-averaged ROC curve keeps the upper ends alone.
 *
 * @param classes each against the rest; those without a positive or a negative image are left out
 */
export function macroRocCurve(classes: readonly Scored[]): Curve {
  const curves = classes
    .filter(({ scores, positive }) => rocArea(scores, positive) !== null)
    .map(({ scores, positive }) => rocCurve(scores, positive))
    .map(({ falsePositiveRate: x, truePositiveRate: y }) => ({ x, y }))
  const x: number[] = []
  const y: number[] = []
  const places = curves.map(() => 0)
  for (const at of distinct(curves)) {
    let [lower, upper] = [0, 0]
    curves.forEach((curve, index) => {
      let place = places[index]!
      while (curve.x[place]! < at) place++
      lower += heightAt(curve, place, at)
      while (curve.x[place + 1] === at) place++
      upper += heightAt(curve, place, at)
      places[index] = place
    })
    if (lower !== upper) {
      x.push(at)
      y.push(lower / curves.length)
    }
    x.push(at)
    y.push(upper / curves.length)
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y) }
}

/**
 * Mean precision over every recall that a class's curve has a point at: of each class that of the highest threshold which reaches
 * the recall. As a sum of steps its area is the mean of the classes' average precisions.
 *
 * @param classes each against the rest; those without a positive image are left out
 */
export function macroPrecisionRecallCurve(classes: readonly Scored[]): Curve {
  const curves = classes
    .filter(({ positive }) => positive.includes(1))
    .map(({ scores, positive }) => precisionRecallCurve(scores, positive))
    .map(({ precision, recall }) => ({ x: recall.reverse(), y: precision.reverse() }))
  const places = curves.map(() => 0)
  const x = distinct(curves)
  const y = x.map((at) => {
    let sum = 0
    curves.forEach((curve, index) => {
      while (curve.x[places[index]!]! < at) places[index]!++
      sum += curve.y[places[index]!]!
    })
    return sum / curves.length
  })
  return { x, y }
}

/** @param place the first point of the curve at or after `at` */
function heightAt({ x, y }: Curve, place: number, at: number): number {
  if (x[place] === at) return y[place]!
  const slope = (y[place]! - y[place - 1]!) / (x[place]! - x[place - 1]!)
  return slope * (at - x[place - 1]!) + y[place - 1]!
}

const distinct = (curves: readonly Curve[]): Float64Array =>
  Float64Array.from(new Set(curves.flatMap(({ x }) => [...x]))).sort()
