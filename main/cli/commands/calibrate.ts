/** `calibrate RUN`. */
import type { Run } from '@shared/domain/run'
import type { Calibration } from '@shared/domain/run-annotations'
import { formatCount, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export async function calibrateRun({ studio, output }: CommandContext, reference: string): Promise<ExitCode> {
  const { id } = await studio.runs.resolve(reference)
  const run = await studio.runs.calibrate(id)
  const calibration = run.calibration!
  output.result({ run: { id: run.id, name: run.name }, ...calibration }, describeCalibration(run, calibration))
  return EXIT.ok
}

export function describeCalibration({ name }: Pick<Run, 'name'>, calibration: Calibration): string {
  const { temperature, count, nllBefore, nllAfter, eceBefore, eceAfter } = calibration
  const images = `${formatCount(count)} validation image${count === 1 ? '' : 's'}`
  if (temperature === 1) {
    return `${name}: the ${images} tell no temperature, so that its probabilities stay as they are.`
  }
  const rows = [
    ['negative log-likelihood', nllBefore.toFixed(4), nllAfter.toFixed(4)],
    ['expected calibration error', formatPercent(eceBefore), formatPercent(eceAfter)]
  ]
  const was = temperature > 1 ? 'too sure' : 'not sure enough'
  return [
    `${name} was ${was}: temperature ${temperature.toFixed(3)}, fitted on ${images}. Predictions and exports use it from now on.`,
    table(['on the test images', 'before', 'after'], rows, [1, 2])
  ].join('\n\n')
}
