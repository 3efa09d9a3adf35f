/** The list of classes: its order, its bars, and the letters that lead through it. */
import type { DatasetClass, Split } from '@shared/domain/dataset'
import { formatCount } from '@shared/text/format'

export type ClassOrder = 'name' | 'count'

export const SPLIT_NAMES: Record<Split, string> = { train: 'Train', validation: 'Validation', test: 'Test' }

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** By name as people sort it ('9' before '10'), or the largest first. */
export function orderClasses(classes: readonly DatasetClass[], order: ClassOrder): DatasetClass[] {
  const byName = (a: DatasetClass, b: DatasetClass): number => collator.compare(a.name, b.name)
  return [...classes].sort(order === 'name' ? byName : (a, b) => b.total - a.total || byName(a, b))
}

export type SplitCounts = Record<Split, number>

export function sumSplits(classes: readonly DatasetClass[]): SplitCounts & { total: number } {
  const sum = { train: 0, validation: 0, test: 0, total: 0 }
  for (const { train, validation, test, total } of classes) {
    sum.train += train
    sum.validation += validation
    sum.test += test
    sum.total += total
  }
  return sum
}

/** What the bar says, for whoever cannot see it. */
export const splitText = ({ train, validation, test }: SplitCounts): string =>
  `${formatCount(train)} train, ${formatCount(validation)} validation, ${formatCount(test)} test`

/** @returns the next name after `from`, around the end, that begins with the letter; -1 where none does */
export function nextWithLetter(names: readonly string[], letter: string, from: number): number {
  for (let step = 1; step <= names.length; step++) {
    const index = (from + step) % names.length
    if (names[index]!.toLowerCase().startsWith(letter.toLowerCase())) return index
  }
  return -1
}
