/** The report on one split, or one slice of it, from the probabilities alone. */
import { setImmediate } from 'node:timers/promises'
import type { Split } from '@shared/domain/dataset'
import {
  CURVE_POINTS,
  MOST_CLASS_CURVES,
  type ClassCurves,
  type EvaluationReport,
  type Reliability,
  type ScoreCurve
} from '@shared/domain/evaluation-report'
import { expectedCalibrationError, reliabilityBins } from '@shared/statistics/calibration'
import { meanCrossEntropy, predictedClasses } from '@shared/statistics/classification'
import { coverageAccuracy } from '@shared/statistics/coverage'
import { evaluate } from '@shared/statistics/evaluate'
import { macroPrecisionRecallCurve, macroRocCurve } from '@shared/statistics/macro-curves'
import { allDecisions, oneAgainstRest, type Scored } from '@shared/statistics/one-vs-rest'
import { averagePrecision, precisionRecallCurve } from '@shared/statistics/precision-recall'
import { rocArea, rocCurve } from '@shared/statistics/roc'
import { applyTemperature } from '@shared/statistics/temperature'
import { topK } from '@shared/statistics/top-k'
import type { SplitProbabilities } from '../../store/store'
import { reduceCurve, type CurvePoint } from './reduce-curve'

export interface ReportInput extends SplitProbabilities {
  runId: string
  split: Split
  classes: string[]
  /** Of the run's calibration, or null. */
  temperature: number | null
}

const MOST_GUESSES = 10

/** A curve without an area has no points either: there is nothing to find, or nothing to mistake for it. */
function drawn(area: number | null, xs: ArrayLike<number>, ys: ArrayLike<number>): ScoreCurve {
  if (area === null) return { area, points: [] }
  const points = Array.from(xs, (x, index): CurvePoint => [x, ys[index]!])
  return { area, points: reduceCurve(points, CURVE_POINTS) }
}

export function scoreCurves({ scores, positive }: Scored): ClassCurves {
  const { precision, recall } = precisionRecallCurve(scores, positive)
  const { falsePositiveRate, truePositiveRate } = rocCurve(scores, positive)
  return {
    precisionRecall: drawn(averagePrecision(scores, positive), recall.reverse(), precision.reverse()),
    roc: drawn(rocArea(scores, positive), falsePositiveRate, truePositiveRate)
  }
}

const areasAlone = ({ scores, positive }: Scored): ClassCurves => ({
  precisionRecall: { area: averagePrecision(scores, positive), points: [] },
  roc: { area: rocArea(scores, positive), points: [] }
})

function meanArea(curves: readonly ClassCurves[], kind: keyof ClassCurves): number | null {
  const areas = curves.map((each) => each[kind].area).filter((area) => area !== null)
  return areas.length === 0 ? null : areas.reduce((sum, area) => sum + area, 0) / areas.length
}

/**
 * One class after the other, so that whoever shares this thread comes in between. With very many classes the averaged curves are
 * left out: each would sort every probability that there is.
 */
async function curvesOf({ classes, probabilities, truth }: ReportInput): Promise<EvaluationReport['curves']> {
  const count = classes.length
  const complete = count <= MOST_CLASS_CURVES
  const scored: Scored[] = []
  const each: ClassCurves[] = []
  for (let index = 0; index < count; index++) {
    const one = oneAgainstRest(probabilities, truth, count, index)
    if (complete) scored.push(one)
    each.push(complete ? scoreCurves(one) : areasAlone(one))
    await setImmediate()
  }
  const none: ClassCurves = { precisionRecall: { area: null, points: [] }, roc: { area: null, points: [] } }
  const area = { precisionRecall: meanArea(each, 'precisionRecall'), roc: meanArea(each, 'roc') }
  const [precision, rates] = [macroPrecisionRecallCurve(scored), macroRocCurve(scored)]
  return {
    macro: {
      precisionRecall: complete
        ? drawn(area.precisionRecall, precision.x, precision.y)
        : { area: area.precisionRecall, points: [] },
      roc: complete ? drawn(area.roc, rates.x, rates.y) : { area: area.roc, points: [] }
    },
    micro: complete ? scoreCurves(allDecisions(probabilities, truth, count)) : none,
    classes: each
  }
}

function reliability(probabilities: Float32Array, truth: Int32Array, classCount: number): Reliability {
  return {
    error: expectedCalibrationError(probabilities, truth),
    loss: meanCrossEntropy(probabilities, truth, classCount),
    bins: reliabilityBins(probabilities, truth)
  }
}

/** The steps that show, as points of the curve of accuracy over coverage. */
function coverageCurve(probabilities: Float32Array, truth: Int32Array): EvaluationReport['coverage'] {
  const steps = coverageAccuracy(probabilities, truth)
  const byPlace = new Map(steps.map((step) => [`${step.coverage}`, step]))
  const kept = reduceCurve(
    steps.map(({ coverage, accuracy }): CurvePoint => [coverage, accuracy]),
    CURVE_POINTS
  )
  return kept.map(([coverage]) => byPlace.get(`${coverage}`)!)
}

/** @param input at least one image */
export async function makeReport(
  input: ReportInput
): Promise<Omit<EvaluationReport, 'slice' | 'splitCount' | 'splitAccuracy' | 'traits'>> {
  const { runId, split, classes, probabilities, truth, temperature } = input
  const width = classes.length
  const predicted = predictedClasses(probabilities, width)
  const outcomes = Array.from(truth, (label, row) => ({
    truth: label,
    predicted: predicted[row]!,
    truthProbability: probabilities[row * width + label]!
  }))
  const scaled = temperature === null ? null : applyTemperature(probabilities, width, temperature)
  return {
    evaluation: evaluate(runId, split, classes, outcomes),
    complete: width <= MOST_CLASS_CURVES,
    curves: await curvesOf(input),
    calibration: {
      before: reliability(probabilities, truth, width),
      after: scaled && reliability(scaled, truth, width),
      temperature
    },
    coverage: coverageCurve(scaled ?? probabilities, truth),
    topK: topK(probabilities, truth, MOST_GUESSES)
  }
}
