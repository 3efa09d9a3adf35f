/** What a classifier gets right and wrong, from its predictions. Probabilities are row-major [images, classes]. */
import type { ClassMetrics } from '../domain/evaluation'

/** Probabilities below this count as this much, so that one confident mistake does not make the mean infinite. */
const SMALLEST_PROBABILITY = 1e-7

/** Index of the largest value of a row; the first of equals. */
export function argMax(values: ArrayLike<number>, start = 0, count = values.length): number {
  let best = 0
  for (let index = 1; index < count; index++) {
    if (values[start + index]! > values[start + best]!) best = index
  }
  return best
}

/** The most probable class of each row. */
export function predictedClasses(probabilities: ArrayLike<number>, classCount: number): Int32Array {
  const rows = probabilities.length / classCount
  return Int32Array.from({ length: rows }, (_, row) => argMax(probabilities, row * classCount, classCount))
}

/** Counts: rows are the truth, columns the guess. */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classCount: number
): number[][] {
  const matrix = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0))
  for (let row = 0; row < truth.length; row++) matrix[truth[row]!]![predicted[row]!]!++
  return matrix
}

/** Share of right guesses; 0 when there are none. */
export function accuracyOf(confusion: readonly (readonly number[])[]): number {
  const count = confusion.reduce((sum, row) => sum + total(row), 0)
  const right = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  return count === 0 ? 0 : right / count
}

/** Mean cross-entropy of the true classes, nats; 0 when there are no rows. */
export function meanCrossEntropy(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classCount: number
): number {
  let sum = 0
  for (let row = 0; row < truth.length; row++) {
    const probability = probabilities[row * classCount + truth[row]!]!
    // Written so that NaN stays NaN: a diverged model must not look like a confident one.
    sum -= Math.log(probability < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : probability)
  }
  return truth.length === 0 ? 0 : sum / truth.length
}

/** Precision, recall and F1 of each class; 0 where the class was never predicted (precision) or never present (recall). */
export function classMetrics(confusion: readonly (readonly number[])[]): Omit<ClassMetrics, 'label'>[] {
  return confusion.map((row, index) => {
    const right = row[index]!
    const support = total(row)
    const guessed = confusion.reduce((sum, other) => sum + other[index]!, 0)
    const precision = guessed === 0 ? 0 : right / guessed
    const recall = support === 0 ? 0 : right / support
    const f1 = support + guessed === 0 ? 0 : (2 * right) / (support + guessed)
    return { precision, recall, f1, support }
  })
}

/** Unweighted mean of F1 over the classes that occur in the truth or among the guesses, as scikit-learn takes it. */
export function macroF1(confusion: readonly (readonly number[])[]): number {
  const present = classMetrics(confusion).filter(
    ({ support }, index) => support > 0 || confusion.some((row) => row[index]! > 0)
  )
  return present.length === 0 ? 0 : present.reduce((sum, { f1 }) => sum + f1, 0) / present.length
}

function total(row: readonly number[]): number {
  return row.reduce((sum, value) => sum + value, 0)
}
