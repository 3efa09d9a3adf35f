/** What `fit`, `resume` and `demo` have in common: a run, from its beginning to what is said of its end. */
import { presetConfig } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import { flattenConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import type { Studio } from '../../studio'
import { EXIT, type CommandContext, type ExitCode } from '../session'

/** Only fine-tuning waits for TensorFlow; a head trains without it. @throws StudioError runtime/* */
export async function prepareRuntime({ studio, output, onInterrupt }: CommandContext): Promise<void> {
  const { devices, jobs } = studio
  await devices.refresh('unless-known')
  if (devices.runtime()) return
  output.note('Fine-tuning needs TensorFlow, which is prepared once.')
  devices.prepareRuntime('cpu')
  onInterrupt(() =>
    jobs.list().forEach(({ id, kind, stoppable }) => kind === 'runtime' && stoppable && jobs.cancel(id))
  )
  const { error } = await devices.settled()
  if (error) throw StudioError.fromData(error)
  if (!devices.runtime()) throw new StudioError('job/cancelled', 'Preparing TensorFlow was stopped.')
}

/** Starts or resumes a run and waits for its end. The first Ctrl-C pauses it, the second stops it. */
export async function trainAndWait({ studio, onInterrupt }: CommandContext, begin: () => Promise<Run>): Promise<Run> {
  const { runs } = studio
  const { id } = await begin()
  // A run that is being tested is not paused: it has come to its end by itself before one could resume it.
  const act = (what: Promise<unknown>): void => void what.catch(() => undefined)
  onInterrupt(
    { note: 'Pausing … (Ctrl-C again to stop and keep the best epoch)', act: () => act(runs.pause(id)) },
    { note: 'Stopping … (Ctrl-C again to give up at once)', act: () => act(runs.stop(id)) }
  )
  return runs.settled(id)
}

/** A recommended setting, and why it has its value on this dataset and this machine. */
export interface SettingReason {
  key: string
  value: unknown
  reason: string
}

/** Prints a run that has ended or rests. @throws StudioError the run's own */
export function reportRun(
  { studio, output }: CommandContext,
  run: Run,
  reasons: readonly SettingReason[] = []
): ExitCode {
  if (run.error) throw StudioError.fromData(run.error)
  // What the preset itself says is no news.
  const preset = flattenConfig(presetConfig(run.config.preset, run.config.mode))
  const lines = reasons
    .filter(({ key, value }) => JSON.stringify(preset[key] ?? null) !== JSON.stringify(value))
    .map(({ key, value, reason }) => `${key} = ${String(value)}: ${reason}`)
  output.result({ ...fitDocument(studio, run), reasons }, [...lines, describeRun(run)].join('\n'))
  if (run.state === 'paused') return EXIT.paused
  return run.state === 'completed' ? EXIT.ok : EXIT.failed
}

/** What `fit --json` prints. */
export function fitDocument(studio: Studio, run: Run): Record<string, unknown> {
  const { environment, config } = run
  return {
    run: run.id,
    name: run.name,
    status: run.state,
    dataset: run.datasetId,
    mode: config.mode,
    preset: config.preset,
    backbone: config.backboneId,
    engine: config.mode === 'finetune' ? environment?.trainingExecutor : environment?.frozenExecutor,
    device: environment?.device,
    fallback: environment?.fallback ?? null,
    seed: config.seed,
    images: run.imageCount,
    classes: run.classes.length,
    epochs: run.epochsDone,
    checkpoint: run.checkpoint,
    best: run.best,
    test: run.test,
    seconds: run.seconds,
    features: studio.runs.featureCounts(run.id),
    findings: run.findings
  }
}

function describeRun(run: Run): string {
  const { name, id, state, test, best, seconds, epochsDone, environment, findings } = run
  const lines = [
    `${name} (${id}): ${state} after ${epochsDone} epochs${seconds ? `, ${formatDuration(seconds.total)}` : ''}`
  ]
  if (test) {
    lines.push(
      `Test: ${formatPercent(test.accuracy)} of ${test.count} images right, loss ${formatNumber(test.loss)}, macro F1 ${formatNumber(test.macroF1)}`
    )
  }
  if (best) lines.push(`Best epoch: ${best.epoch}, ${formatPercent(best.validationAccuracy)} on validation`)
  if (environment)
    lines.push(
      `On ${environment.device}, ${environment.trainingExecutor}${environment.fallback ? ` (${environment.fallback})` : ''}`
    )
  for (const { title } of findings) lines.push(title)
  if (state === 'paused') lines.push(`Resume it with: resume ${id}`)
  return lines.join('\n')
}
