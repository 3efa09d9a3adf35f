/** Datasets whose classes differ in size: weights in the loss, and draws that show every class equally often. */
import type { BalanceConfig } from '@shared/domain/training-config'
import type { Random } from '@shared/random'

/**
 * `balanced`: n/(k·n_c) for class c (King & Zeng 2001, as scikit-learn has it), whose mean over the images is 1. Classes without
 * images weigh nothing.
 *
 * @returns [classes]
 */
export function classWeights(
  labels: ArrayLike<number>,
  classes: number,
  method: BalanceConfig['lossWeights']
): Float32Array {
  if (method === 'none') return new Float32Array(classes).fill(1)
  const counts = countClasses(labels, classes)
  const present = counts.filter((count) => count > 0).length
  return Float32Array.from(counts, (count) => (count > 0 ? labels.length / (present * count) : 0))
}

/**
 * The rows of an epoch. `shuffle`: each once. `balanced`: as many, the classes taking turns in a random order of their own each
 * round; within a class each row comes once before any comes again.
 */
export function epochOrder(
  labels: ArrayLike<number>,
  classes: number,
  method: BalanceConfig['sampling'],
  random: Random
): Int32Array {
  if (method === 'shuffle') return random.permutation(labels.length)
  const rows = rowsByClass(labels, classes).filter((own) => own.length > 0)
  const decks = rows.map((own) => random.shuffle<number, number[]>([...own]))
  const places = rows.map(() => 0)
  const order = new Int32Array(labels.length)
  for (let done = 0; done < order.length;) {
    for (const turn of random.permutation(rows.length)) {
      if (done === order.length) break
      if (places[turn] === decks[turn]!.length) {
        random.shuffle<number, number[]>(decks[turn]!)
        places[turn] = 0
      }
      order[done++] = decks[turn]![places[turn]!++]!
    }
  }
  return order
}

function countClasses(labels: ArrayLike<number>, classes: number): number[] {
  return rowsByClass(labels, classes).map((rows) => rows.length)
}

function rowsByClass(labels: ArrayLike<number>, classes: number): number[][] {
  const rows: number[][] = Array.from({ length: classes }, () => [])
  for (let row = 0; row < labels.length; row++) rows[labels[row]!]!.push(row)
  return rows
}
