/** `compare RUN RUN …`. */
import type { Comparison, PairTest } from '@shared/domain/comparison'
import { StudioError } from '@shared/errors'
import { formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

export async function compareRuns({ studio, output }: CommandContext, references: string[]): Promise<ExitCode> {
  if (references.length < 2) throw new StudioError('usage/invalid', 'Name at least two runs to compare.')
  const runs = await Promise.all(references.map((reference) => studio.runs.resolve(reference)))
  const comparison = await studio.compare.compare(runs.map(({ id }) => id))
  output.result(comparisonDocument(comparison), describeComparison(comparison))
  return EXIT.ok
}

/** `mcnemar.b`: images that only the first of the pair got right; `bootstrap.difference`: the second less the first. */
const testsOf = ({ onlyA, onlyB, p, bootstrap }: PairTest) => ({ mcnemar: { b: onlyA, c: onlyB, p }, bootstrap })

/**
 * For programs. Of two runs, `tests` are of the first against the second, or null where they have no test image in common. Of
 * more, `tests` are of the next best against the best; `pairs` holds each run against the best, with p corrected for all of them;
 * and `groups`, where some runs differ in their seeds alone, what the seeds say.
 */
export function comparisonDocument({ runs, differences, tests, best, seedGroups, verdict }: Comparison) {
  const [only] = tests
  if (runs.length === 2) return { runs, differences, tests: only && only.count > 0 ? testsOf(only) : null, verdict }
  const pairs = best?.tests ?? []
  const gap = ({ difference }: PairTest): number => Math.abs(difference)
  const closest = pairs.reduce<PairTest | null>(
    (least, pair) => (least && gap(least) <= gap(pair) ? least : pair),
    null
  )
  return {
    runs,
    differences,
    tests: closest && testsOf(closest),
    verdict,
    pairs: pairs.map((pair) => ({
      a: pair.a,
      b: pair.b,
      count: pair.count,
      ...testsOf(pair),
      corrected: pair.corrected
    })),
    ...(seedGroups && { groups: seedGroups })
  }
}

export function describeComparison({ runs, evaluations, differences, verdict, best, seedGroups }: Comparison): string {
  const scores = runs.map(({ name, best: kept }, index): Cell[] => {
    const evaluation = evaluations[index]
    return [
      name,
      kept && formatPercent(kept.validationAccuracy),
      evaluation ? formatPercent(evaluation.accuracy) : null,
      evaluation ? evaluation.interval.map((end) => formatPercent(end)).join(' to ') : null,
      evaluation ? formatNumber(evaluation.loss) : null,
      evaluation ? formatNumber(evaluation.macroF1) : null
    ]
  })
  const parts = [
    verdict,
    table(['run', 'best validation', 'test', '95 % interval', 'loss', 'macro F1'], scores, [1, 2, 3, 4, 5])
  ]
  const name = (id: string): string => runs.find((run) => run.id === id)!.name
  if (best && best.tests.length > 1) {
    const rows = best.tests.map(({ a, difference, bootstrap, onlyA, onlyB, corrected }) => [
      name(a),
      points(difference),
      `${points(bootstrap.low)} to ${points(bootstrap.high)}`,
      `${onlyB} : ${onlyA}`,
      decimal(corrected)
    ])
    const head = [`${name(best.runId)} against`, 'points', '95 % interval', 'only one right', 'p (Holm)']
    parts.push(table(head, rows, [1, 2, 3, 4]))
  }
  if (seedGroups) {
    const rows = seedGroups.groups.map((group) => [
      group.name,
      group.seeds.join(', '),
      formatPercent(group.mean),
      group.accuracies.map((accuracy) => formatPercent(accuracy)).join(', ')
    ])
    parts.push(table(['seed group', 'seeds', 'mean', 'test'], rows, [2]))
  }
  if (differences.length > 0) {
    const rows = differences.map(({ key, values }) => [
      key,
      ...values.map((value) => (value === null ? null : String(value)))
    ])
    parts.push(table(['setting', ...runs.map(({ name }) => name)], rows))
  }
  return parts.join('\n\n')
}

const points = (share: number): string => (share * 100).toFixed(1)
const decimal = (p: number): string => (p < 0.001 ? '< .001' : p.toFixed(3).replace(/^0/, ''))
