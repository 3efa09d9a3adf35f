/** The figures of a run on one split, from its predictions. */
import type { Split } from '../domain/dataset'
import type { Evaluation } from '../domain/evaluation'
import { accuracyOf, classMetrics, confusionMatrix, macroF1, meanCrossEntropy } from './classification'
import { wilsonInterval } from './intervals'

export interface Outcome {
  /** Index into the classes, as is `predicted`. */
  truth: number
  predicted: number
  truthProbability: number
}

/** @param outcomes one for each image of the split; at least one. */
export function evaluate(runId: string, split: Split, classes: string[], outcomes: readonly Outcome[]): Evaluation {
  const confusion = confusionMatrix(
    outcomes.map(({ truth }) => truth),
    outcomes.map(({ predicted }) => predicted),
    classes.length
  )
  const right = outcomes.filter(({ truth, predicted }) => truth === predicted).length
  const ofTruth = outcomes.map(({ truthProbability }) => truthProbability)
  return {
    runId,
    split,
    classes,
    confusion,
    perClass: classMetrics(confusion).map((metrics, index) => ({ label: classes[index]!, ...metrics })),
    count: outcomes.length,
    accuracy: accuracyOf(confusion),
    interval: wilsonInterval(right, outcomes.length),
    // The loss sees the true class only, so a matrix with that one column gives the same mean.
    loss: meanCrossEntropy(ofTruth, new Uint8Array(outcomes.length), 1),
    macroF1: macroF1(confusion)
  }
}
