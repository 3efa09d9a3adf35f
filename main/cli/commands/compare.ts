/** `compare RUN RUN …`. */
import type { Comparison } from '@shared/domain/comparison'
import { StudioError } from '@shared/errors'
import { formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

export async function compareRuns({ studio, output }: CommandContext, references: string[]): Promise<ExitCode> {
  if (references.length < 2) throw new StudioError('usage/invalid', 'Name at least two runs to compare.')
  const runs = await Promise.all(references.map((reference) => studio.runs.resolve(reference)))
  const comparison = await studio.compare.compare(runs.map(({ id }) => id))
  output.result(comparison, describeComparison(comparison))
  return EXIT.ok
}

export function describeComparison({ runs, evaluations, differences, verdict }: Comparison): string {
  const scores = runs.map(({ name, best }, index): Cell[] => {
    const evaluation = evaluations[index]
    return [
      name,
      best && formatPercent(best.validationAccuracy),
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
  if (differences.length > 0) {
    const rows = differences.map(({ key, values }) => [
      key,
      ...values.map((value) => (value === null ? null : String(value)))
    ])
    parts.push(table(['setting', ...runs.map(({ name }) => name)], rows))
  }
  return parts.join('\n\n')
}
