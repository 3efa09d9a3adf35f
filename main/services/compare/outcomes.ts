/** What came of each test image of a run, so that runs can be compared image by image. */
import type { Run } from '@shared/domain/run'
import type { TestOutcome } from '../../store/store'

export interface Outcome {
  /** By name: each run numbers its own classes. */
  label: string
  guess: string
  correct: boolean
}

/** Key of a test image → what came of it. */
export type Outcomes = ReadonlyMap<string, Outcome>

/**
 * Images are matched by content, so that runs on two versions (or two copies) of a dataset can be compared. Of pictures that
 * occur several times in one test split, the first matches the first, in the order of their paths.
 */
export function keyedOutcomes(
  { classes }: Pick<Run, 'classes'>,
  outcomes: readonly Pick<TestOutcome, 'hash' | 'path' | 'truth' | 'predicted'>[]
): Outcomes {
  const seen = new Map<string, number>()
  const keyed = new Map<string, Outcome>()
  const sorted = [...outcomes].sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const { hash, truth, predicted } of sorted) {
    const count = seen.get(hash) ?? 0
    seen.set(hash, count + 1)
    keyed.set(`${hash}#${count}`, { label: classes[truth]!, guess: classes[predicted]!, correct: truth === predicted })
  }
  return keyed
}

/** Keys of the images that all have; in the order of the first. */
export function commonImages(outcomes: readonly Outcomes[]): string[] {
  const [first, ...others] = outcomes
  return first ? [...first.keys()].filter((key) => others.every((other) => other.has(key))) : []
}

export function sameImages(outcomes: readonly Outcomes[]): boolean {
  const count = commonImages(outcomes).length
  return count > 0 && outcomes.every(({ size }) => size === count)
}

/** Share of these images that is right. */
export function accuracyOn(outcomes: Outcomes, images: readonly string[]): number {
  return images.filter((key) => outcomes.get(key)!.correct).length / images.length
}
