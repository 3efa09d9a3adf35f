/** Pure work on confusion matrices: rows are the truth, columns the guess. */

export interface ConfusionCell {
  truth: number
  predicted: number
  /** Images; in a difference, how many more the second run has. */
  count: number
  /** Count over the images of that truth, −1 to 1. */
  share: number
  correct: boolean
  /** In a difference: whether the change is for the better. In a plain matrix: whether the guesses are right. */
  good: boolean
}

const sum = (row: readonly number[]): number => row.reduce((total, count) => total + count, 0)

/** The cells that are not zero, row by row. There are at most as many as images, whatever the number of classes. */
export function confusionCells(matrix: readonly (readonly number[])[]): ConfusionCell[] {
  return matrix.flatMap((row, truth) => {
    const total = sum(row)
    return row.flatMap((count, predicted) => {
      const correct = truth === predicted
      return count === 0 ? [] : [{ truth, predicted, count, share: count / total, correct, good: correct }]
    })
  })
}

/** Second minus first, for two runs tested on the same classes; shares are of the first run's images of that truth. */
export function confusionDifference(
  first: readonly (readonly number[])[],
  second: readonly (readonly number[])[]
): ConfusionCell[] {
  return first.flatMap((row, truth) => {
    const total = Math.max(1, sum(row))
    return row.flatMap((before, predicted) => {
      const count = (second[truth]?.[predicted] ?? 0) - before
      const correct = truth === predicted
      return count === 0
        ? []
        : [{ truth, predicted, count, share: count / total, correct, good: correct === count > 0 }]
    })
  })
}

/** The confusions, most frequent first. */
export function confusedPairs(cells: readonly ConfusionCell[]): ConfusionCell[] {
  return cells
    .filter((cell) => !cell.correct)
    .sort((a, b) => Math.abs(b.count) - Math.abs(a.count) || Math.abs(b.share) - Math.abs(a.share))
}
