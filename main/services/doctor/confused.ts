/** Which classes a run takes for which. */
import type { ConfusedPair } from '@shared/domain/diagnosis'
import type { Evaluation } from '@shared/domain/evaluation'

const MOST = 8

/** Most confused first; of as many mistakes, the smaller class first. */
export function confusedPairs({ confusion, classes }: Pick<Evaluation, 'confusion' | 'classes'>): ConfusedPair[] {
  const pairs = confusion.flatMap((row, truth) => {
    const of = row.reduce((sum, count) => sum + count, 0)
    return row.flatMap((count, guess) =>
      guess === truth || count === 0 ? [] : [{ truth: classes[truth]!, predicted: classes[guess]!, count, of }]
    )
  })
  return pairs.sort((a, b) => b.count - a.count || a.of - b.of).slice(0, MOST)
}
