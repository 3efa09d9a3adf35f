/** `runs show RUN [--predictions]`. */
import type { Run } from '@shared/domain/run'
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

/** The run, its values as the table knows them, how it did on the test split; and, asked for, each of its test predictions. */
export async function showRun(
  { studio, output }: CommandContext,
  reference: string,
  withPredictions: boolean
): Promise<ExitCode> {
  const run = await studio.runs.resolve(reference)
  const values = await studio.runs.table.valuesOf(run)
  const evaluation = await studio.runs.evaluation(run.id, 'test')
  const predictions = withPredictions ? await studio.runs.testPredictions(run.id) : null
  const settings = Object.entries(values).filter(([key]) => /^(head|fineTune|augmentation|imported)\./u.test(key))
  const parts = [
    table(['run', run.name], facts(run)),
    table(
      ['setting', ''],
      settings.map(([key, value]) => [key, String(value)])
    )
  ]
  if (predictions) {
    const rows = predictions.map(({ path, label, predicted, probabilities }) => [
      path,
      label,
      predicted,
      formatPercent(Math.max(...probabilities))
    ])
    parts.push(table(['test image', 'label', 'taken for', 'probability'], rows, [3]))
  }
  output.result({ run, values, evaluation, ...(predictions && { predictions }) }, parts.join('\n\n'))
  return EXIT.ok
}

function facts({
  id,
  state,
  datasetName,
  config,
  imported,
  best,
  test,
  seconds,
  tags,
  notes,
  calibration
}: Run): Cell[][] {
  const known: [string, Cell][] = [
    ['id', id],
    ['state', state],
    ['from', imported && `${imported.source}, ${imported.origin}`],
    ['dataset', datasetName || null],
    ['backbone', imported ? null : config.backboneId],
    ['preset', imported ? null : `${config.preset} (${config.mode})`],
    ['best epoch', best && `${String(best.epoch)}: loss ${formatNumber(best.validationLoss)} on validation`],
    [
      'test',
      test && `${formatPercent(test.accuracy)} of ${String(test.count)}, macro F1 ${formatNumber(test.macroF1)}`
    ],
    ['temperature', calibration && formatNumber(calibration.temperature)],
    ['time', seconds && formatDuration(seconds.total)],
    ['tags', tags.join(', ') || null],
    ['notes', notes || null]
  ]
  return known.filter(([, value]) => value !== null)
}
