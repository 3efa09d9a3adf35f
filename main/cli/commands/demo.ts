/** `demo`: the founding question on the embedded sample, answered in a minute. */
import { StudioError } from '@shared/errors'
import type { PresetId } from '@shared/domain/training-config'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { describeComparison } from './compare'
import { importResult } from './import'
import { fitDocument, trainAndWait } from './train'

const PRESETS: PresetId[] = ['naive', 'default']

export async function runDemo(context: CommandContext): Promise<ExitCode> {
  const { studio, output, onInterrupt } = context
  const started = await studio.datasets.importSample()
  onInterrupt(() => studio.jobs.cancel(started.job.id))
  const { dataset, report } = await importResult(context, started.dataset.id, started.job.id)
  const runs = []
  for (const preset of PRESETS) {
    const { config } = await studio.runs.defaults(dataset.id, 'head', preset)
    const importSeconds = runs.length === 0 ? report.durationMs / 1000 : 0
    const run = await trainAndWait(context, () => studio.runs.start({ datasetId: dataset.id, config, importSeconds }))
    if (run.error) throw StudioError.fromData(run.error)
    if (run.state !== 'completed') throw new StudioError('job/cancelled', `The demo was ${run.state}.`)
    runs.push(run)
  }
  const comparison = await studio.compare.compare(runs.map(({ id }) => id))
  output.result(
    { dataset, runs: runs.map((run) => fitDocument(studio, run)), comparison },
    `${dataset.imageCount} images of ${dataset.classCount} classes, trained twice: as tutorials do, and with the defaults.\n\n${describeComparison(comparison)}`
  )
  return EXIT.ok
}
