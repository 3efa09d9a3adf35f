/** The result of a comparison, in one sentence. */
import type { Run } from '@shared/domain/run'
import { formatPercent } from '@shared/text/format'
import { pairTest, type Outcomes } from './paired-test'

/** Differences that chance alone makes less often than this count as real. */
const SIGNIFICANT = 0.05

export interface VerdictInput {
  runs: readonly Run[]
  outcomes: readonly Outcomes[]
  sameTestSet: boolean
}

export function verdictSentence({ runs, outcomes, sameTestSet }: VerdictInput): string {
  const names = distinctNames(runs)
  const untested = names.filter((_, index) => outcomes[index]!.size === 0)
  if (untested.length > 0) return `${untested.join(' and ')} ${untested.length === 1 ? 'has' : 'have'} no test result.`

  const order = runs.map((_, index) => index).sort((a, b) => accuracy(outcomes[b]!) - accuracy(outcomes[a]!))
  const best = order[0]!
  // With several runs the question is whether the best one stands out, that is, from the next best.
  const next = order[1]!
  const { count, difference, p } = pairTest(runs[next]!.id, runs[best]!.id, outcomes[next]!, outcomes[best]!)
  if (count === 0) {
    return `${names[best]} and ${names[next]} were tested on different images: their accuracies cannot be compared.`
  }
  const shared = sameTestSet ? `${count} test images` : `${count} test images in common, the test sets differ`
  const evidence = `(${formatP(p)}, ${shared})`
  const points = `${Math.abs(difference * 100).toFixed(1)} points`
  if (difference === 0) return `A tie: ${names[best]} and ${names[next]} are equally often right ${evidence}.`
  const [winner, loser] = difference > 0 ? [best, next] : [next, best]
  if (p >= SIGNIFICANT) {
    return `A tie: ${names[winner]} leads ${names[loser]} by ${points}, which may be chance ${evidence}.`
  }
  const among =
    runs.length > 2 ? ` It is the best of the ${runs.length}, with ${formatPercent(accuracy(outcomes[winner]!))}.` : ''
  return `${names[winner]} is better than ${names[loser]} by ${points} ${evidence}.${among}`
}

/** 'p = .02', 'p < .001'. */
export function formatP(p: number): string {
  if (p < 0.001) return 'p < .001'
  if (p > 0.995) return 'p = 1'
  const digits = p < 0.0095 ? 3 : 2
  return `p = ${p.toFixed(digits).replace(/^0/, '')}`
}

function accuracy(outcomes: Outcomes): number {
  let right = 0
  for (const correct of outcomes.values()) if (correct) right++
  return right / outcomes.size
}

/** Runs may share a name; then the beginning of the id tells them apart. */
function distinctNames(runs: readonly Run[]): string[] {
  return runs.map(({ id, name }) =>
    runs.some((other) => other.id !== id && other.name === name) ? `${name} (${id.slice(0, 6)})` : name
  )
}
