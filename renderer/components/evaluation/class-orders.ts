/** The orders in which the classes of a confusion matrix can stand. */
import { similarityOrder, sizeOrder } from './seriation'

export type ClassOrder = 'name' | 'size' | 'similarity'

export const CLASS_ORDERS: readonly { value: ClassOrder; label: string }[] = [
  { value: 'name', label: 'A–Z' },
  { value: 'size', label: 'By size' },
  { value: 'similarity', label: 'By similarity' }
]

/** @returns the classes' indices, as they shall stand */
export function classOrder(
  order: ClassOrder,
  classes: readonly string[],
  confusion: readonly (readonly number[])[]
): number[] {
  if (order === 'similarity') return similarityOrder(confusion)
  if (order === 'size') return sizeOrder(confusion)
  return classes.map((_, index) => index).sort((a, b) => classes[a]!.localeCompare(classes[b]!))
}

/** Counts of several runs together, so that all of their matrices stand in one order. */
export function summedConfusion(matrices: readonly (readonly (readonly number[])[])[]): number[][] {
  const [first, ...others] = matrices
  return (first ?? []).map((row, truth) =>
    row.map((count, guess) => others.reduce((sum, other) => sum + (other[truth]?.[guess] ?? 0), count))
  )
}
