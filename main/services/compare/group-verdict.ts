/** The result of a comparison in which some runs differ in their seeds alone, in words. */
import type { GroupTest, SeedGroup } from '@shared/domain/comparison'
import { studentQuantile } from '@shared/statistics/distributions'
import { variance } from '@shared/statistics/seed-test'
import { formatPercent } from '@shared/text/format'
import { formatImages, formatP, formatPoints, formatRange, SIGNIFICANT } from './words'

export interface GroupVerdictInput {
  groups: readonly SeedGroup[]
  /** Each against the best group, `b`. */
  tests: readonly GroupTest[]
  /** Test images that all runs have in common. */
  count: number
  sameTestSet: boolean
}

export function groupVerdict(input: GroupVerdictInput): string {
  const { groups, tests } = input
  if (tests.length === 0) return oneGroup(groups[0]!, input)
  const next = tests.reduce((closest, test) => (groups[test.a]!.mean > groups[closest.a]!.mean ? test : closest))
  const best = groups[next.b]!
  const beaten = tests.filter(isReal).length
  const among =
    tests.length === 1
      ? ''
      : ` ${best.name} has ${formatPercent(best.mean)} on average, and is better than ${beaten} of the ${tests.length} others.`
  return pairSentence(next, input) + among
}

/** Beyond what seeds change, and beyond what other test images would. */
function isReal({ corrected, images }: GroupTest): boolean {
  return corrected < SIGNIFICANT && images.p < SIGNIFICANT
}

function pairSentence(test: GroupTest, { groups, tests, count, sameTestSet }: GroupVerdictInput): string {
  const [loser, winner] = [groups[test.a]!, groups[test.b]!]
  const evidence = [
    `${formatRange(test.seeds ?? test.images)}, ${formatP(test.corrected)}`,
    tests.length > 1 ? `corrected for ${tests.length} comparisons` : '',
    `${formatImages(count)}${sameTestSet ? '' : ' in common, the test sets differ'}`
  ]
  const over = overSeeds(winner, loser)
  const beside = `(${evidence.filter(Boolean).join(', ')})`
  const by = formatPoints(test.difference)
  if (isReal(test))
    return `${over}, ${winner.name} is better than ${loser.name} by ${by} ${beside}.${unvaried(winner, loser)}`
  const tie = `A tie: ${lowerFirst(over)}, ${winner.name} leads ${loser.name} by ${by}`
  // The seeds agree and the images do not: more seeds would not help.
  if (test.seeds && test.corrected < SIGNIFICANT) {
    return `${tie} ${beside}, but with other test images it might not (${formatRange(test.images)}): more of them would tell.`
  }
  const cure = test.seeds ? 'more seeds or more test images would tell' : 'more seeds on both sides would tell'
  return `${tie}, which may be chance ${beside}; ${cure}.${unvaried(winner, loser)}`
}

/** 'Over 3 seeds', 'Over 3 seeds of A and 1 of B' */
function overSeeds(winner: SeedGroup, loser: SeedGroup): string {
  const [first, second] = [winner.seeds.length, loser.seeds.length]
  return first === second
    ? `Over ${first} seeds`
    : `Over ${seeds(first)} of ${winner.name} and ${second} of ${loser.name}`
}

const seeds = (count: number): string => `${count} seed${count === 1 ? '' : 's'}`
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function unvaried(...pair: SeedGroup[]): string {
  const single = pair.find((group) => group.seeds.length === 1)
  return single ? ` Of ${single.name} the seed was not varied.` : ''
}

/** Nothing to choose between: the runs show how much a seed changes. */
function oneGroup({ seeds: all, accuracies, mean }: SeedGroup, { count, sameTestSet }: GroupVerdictInput): string {
  const error = Math.sqrt(variance(accuracies) / accuracies.length)
  const half = studentQuantile(SIGNIFICANT, accuracies.length - 1) * error
  const range = `${formatPercent(Math.max(0, mean - half))} to ${formatPercent(Math.min(1, mean + half))}`
  const images = `${formatImages(count)}${sameTestSet ? '' : ' in common, the test sets differ'}`
  const spread = formatPoints(Math.max(...accuracies) - Math.min(...accuracies))
  return (
    `The same settings over ${seeds(all.length)}: ${formatPercent(mean)} on average (95 % ${range}, ${images}). ` +
    `Between the runs lie ${spread}, which is chance.`
  )
}
