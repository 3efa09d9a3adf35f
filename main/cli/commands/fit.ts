/** `fit DIR|DATASET`. */
import { stat } from 'node:fs/promises'
import type { Dataset } from '@shared/domain/dataset'
import { presetConfig, withSetting } from '@shared/domain/presets'
import type { PresetId, TrainingConfig, TrainingMode } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { CommandContext, ExitCode } from '../session'
import { importAndWait } from './import'
import { prepareRuntime, reportRun, trainAndWait } from './train'

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
  const { studio } = context
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
  const name = options.name && { name: options.name }
  const run = await trainAndWait(context, () =>
    studio.runs.start({ datasetId: dataset.id, config, importSeconds, ...name })
  )
  return reportRun(context, run)
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
