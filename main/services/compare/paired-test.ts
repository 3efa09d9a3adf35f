/** Whether two runs differ on the test images they share. */
import type { PairTest } from '@shared/domain/comparison'
import { mcnemarExact } from '@shared/statistics/mcnemar'

/** Key of a test image → whether the run got it right. */
export type Outcomes = ReadonlyMap<string, boolean>

/**
 * Images are matched by content, so that runs on two versions (or two copies) of a dataset can be compared. Of pictures that
 * occur several times in one test split, the first matches the first, in the order of their paths.
 */
export function keyedOutcomes(outcomes: readonly { hash: string; path: string; correct: boolean }[]): Outcomes {
  const seen = new Map<string, number>()
  const keyed = new Map<string, boolean>()
  const sorted = [...outcomes].sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const { hash, correct } of sorted) {
    const count = seen.get(hash) ?? 0
    seen.set(hash, count + 1)
    keyed.set(`${hash}#${count}`, correct)
  }
  return keyed
}

export function sameImages(outcomes: readonly Outcomes[]): boolean {
  const [first, ...others] = outcomes
  if (!first || first.size === 0) return false
  return others.every((other) => other.size === first.size && [...first.keys()].every((key) => other.has(key)))
}

/** Exact McNemar over the images that both runs were tested on. */
export function pairTest(a: string, b: string, outcomesA: Outcomes, outcomesB: Outcomes): PairTest {
  let count = 0
  let onlyA = 0
  let onlyB = 0
  for (const [key, correctA] of outcomesA) {
    const correctB = outcomesB.get(key)
    if (correctB === undefined) continue
    count++
    if (correctA && !correctB) onlyA++
    if (correctB && !correctA) onlyB++
  }
  return {
    a,
    b,
    count,
    difference: count === 0 ? 0 : (onlyB - onlyA) / count,
    onlyA,
    onlyB,
    p: mcnemarExact(onlyA, onlyB)
  }
}
