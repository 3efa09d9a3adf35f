/** `fit DIR|DATASET`. */
import { stat } from 'node:fs/promises'
import type { Dataset } from '@shared/domain/dataset'
import { presetConfig, withSetting } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import type { PresetId, TrainingConfig, TrainingMode } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import type { Studio } from '../../studio'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { importAndWait } from './import'

export interface FitOptions {
  mode: TrainingMode
  preset: PresetId
  /** Id or name. */
  backbone?: string
  epochs?: number
  seed?: number
  splitSeed?: number
  set: string[]
  name?: string
}

export async function fit(context: CommandContext, reference: string, options: FitOptions): Promise<ExitCode> {
  const { studio, output } = context
  // Whatever is wrong with the settings is said before anything takes time.
  const changes = settingChanges(options)
  withChanges(presetConfig(options.preset, options.mode), changes)
  if (options.backbone !== undefined) {
    changes.unshift(['backboneId', (await studio.models.resolve(options.backbone)).id])
  }
  const { dataset, importSeconds } = await findDataset(context, reference, options.splitSeed ?? options.seed)
  if (options.splitSeed !== undefined) await studio.datasets.resplit(dataset.id, options.splitSeed)
  const { config: recommended } = await studio.runs.defaults(dataset.id, options.mode, options.preset)
  const config = withChanges(recommended, changes)
  if (config.mode === 'finetune') await prepareRuntime(context)
  const run = await trainAndWait(context, {
    datasetId: dataset.id,
    config,
    importSeconds,
    ...(options.name && { name: options.name })
  })
  if (run.error) throw StudioError.fromData(run.error)
  output.result(fitDocument(studio, run), describeRun(run))
  return run.state === 'completed' ? EXIT.ok : EXIT.failed
}

/** A folder is imported, its split drawn with the run's seed, or looked at again; anything else is a dataset's id or name. */
async function findDataset(
  context: CommandContext,
  reference: string,
  splitSeed: number | undefined
): Promise<{ dataset: Dataset; importSeconds: number }> {
  const info = await stat(reference).catch(() => null)
  if (info === null && /[\\/]/.test(reference)) {
    throw new StudioError('dataset/folder-missing', `There is no folder ${reference}.`, { path: reference })
  }
  if (info === null) return { dataset: await context.studio.datasets.resolve(reference), importSeconds: 0 }
  const { dataset, report } = await importAndWait(context, reference, { splitSeed })
  return { dataset, importSeconds: report.durationMs / 1000 }
}

type Change = [key: string, value: string]

/** In the order in which they count: `--set` has the last word. @throws StudioError usage/invalid */
function settingChanges({ mode, epochs, seed, set }: FitOptions): Change[] {
  const changes: Change[] = []
  if (epochs !== undefined) changes.push([mode === 'head' ? 'head.epochs' : 'fineTune.epochs', String(epochs)])
  if (seed !== undefined) changes.push(['seed', String(seed)])
  for (const text of set) {
    const at = text.indexOf('=')
    if (at <= 0) throw new StudioError('usage/invalid', `'${text}' is no setting: write key=value.`)
    changes.push([text.slice(0, at), text.slice(at + 1)])
  }
  return changes
}

/** @throws StudioError config/unknown-key, config/invalid */
const withChanges = (config: TrainingConfig, changes: Change[]): TrainingConfig =>
  changes.reduce((changed, [key, value]) => withSetting(changed, key, value), config)

/** Only fine-tuning waits for TensorFlow; a head trains without it. @throws StudioError runtime/* */
async function prepareRuntime({ studio, output, onInterrupt }: CommandContext): Promise<void> {
  const { devices, jobs } = studio
  await devices.refresh()
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

export async function trainAndWait(
  { studio, onInterrupt }: CommandContext,
  request: Parameters<Studio['runs']['start']>[0]
): Promise<Run> {
  const run = await studio.runs.start(request)
  onInterrupt(() => void studio.runs.stop(run.id).catch(() => undefined))
  return studio.runs.settled(run.id)
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
    best: run.best,
    test: run.test,
    seconds: run.seconds,
    features: studio.runs.featureCounts(run.id),
    findings: run.findings
  }
}

function describeRun({ name, id, state, test, best, seconds, epochsDone, environment, findings }: Run): string {
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
  return lines.join('\n')
}
