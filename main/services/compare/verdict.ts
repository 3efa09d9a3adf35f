/** The result of a comparison of runs, each on its own, in words. */
import type { PairTest } from '@shared/domain/comparison'
import type { Run } from '@shared/domain/run'
import { formatPercent } from '@shared/text/format'
import { formatImages, formatP, formatPoints, formatRange, imagesToTell, SIGNIFICANT } from './words'

export interface VerdictInput {
  /** Those that were tested, with images in common: two at least. */
  runs: readonly Run[]
  name(runId: string): string
  /** Each against the best run, `b`. */
  tests: readonly PairTest[]
  /** Accuracies over the images that all have in common. */
  accuracyOf(runId: string): number
  sameTestSet: boolean
}

/** Whether chance alone is an unlikely reason, by both tests: of the images that differ, and of drawing the images anew. */
export const isReal = ({ corrected, bootstrap }: PairTest): boolean =>
  corrected < SIGNIFICANT && bootstrap.p < SIGNIFICANT

export function verdictSentence({ runs, name, tests, accuracyOf, sameTestSet }: VerdictInput): string {
  // With several runs the question is whether the best one stands out, that is, from the next best.
  const next = tests.reduce((closest, test) => (accuracyOf(test.a) > accuracyOf(closest.a) ? test : closest))
  return [
    pairSentence(next, name, tests.length, sameTestSet),
    ...amongOthers(next, name, tests, accuracyOf),
    seeds(runs)
  ]
    .filter(Boolean)
    .join(' ')
}

function pairSentence(test: PairTest, name: (runId: string) => string, tests: number, sameTestSet: boolean): string {
  // Of images that not all runs have, the leader overall may not be the leader of a pair.
  const ahead = test.difference >= 0
  const [winner, loser] = ahead ? [name(test.b), name(test.a)] : [name(test.a), name(test.b)]
  const { low, high } = test.bootstrap
  const evidence = [
    `${formatRange(ahead ? { low, high } : { low: -high, high: -low })}, ${formatP(test.corrected)}`,
    tests > 1 ? `corrected for ${tests} comparisons` : '',
    `${formatImages(test.count)}${sameTestSet ? '' : ' in common, the test sets differ'}`,
    test.relabelled > 0 ? `${test.relabelled} of them under other labels` : ''
  ]
  const beside = `(${evidence.filter(Boolean).join(', ')})`
  if (isReal(test)) return `${winner} is better than ${loser} by ${formatPoints(test.difference)} ${beside}.`
  const tie =
    test.difference === 0
      ? `A tie: ${winner} and ${loser} are equally often right`
      : `A tie: ${winner} leads ${loser} by ${formatPoints(test.difference)}, which may be chance`
  return `${tie} ${beside}; ${imagesToTell(test.difference, test.onlyA + test.onlyB, test.count)}.`
}

function amongOthers(
  next: PairTest,
  name: (runId: string) => string,
  tests: readonly PairTest[],
  accuracyOf: (runId: string) => number
): string[] {
  if (tests.length === 1) return []
  const best = next.b
  const beaten = tests.filter(isReal)
  const share = formatPercent(accuracyOf(best))
  if (beaten.length === tests.length) return [`It is the best of the ${tests.length + 1}, with ${share}.`]
  const others =
    beaten.length === 0
      ? 'no other beyond chance'
      : beaten.length === 1
        ? name(beaten[0]!.a)
        : `${beaten.length} of the ${tests.length} others`
  return [`${name(best)} has ${share}, and is better than ${others}.`]
}

/** One training a side: another seed might have turned out otherwise, by an amount that nobody has measured. */
function seeds(runs: readonly Run[]): string {
  return runs.some(({ imported }) => imported) ? '' : 'One seed each: seeds were not varied.'
}
