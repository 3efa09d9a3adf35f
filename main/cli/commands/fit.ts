/** `fit DIR|DATASET`. */
import { stat } from 'node:fs/promises'
import type { Dataset } from '@shared/domain/dataset'
import { presetConfig, presetMode, withSetting } from '@shared/domain/presets'
import type { Recommendation } from '@shared/domain/recommendation'
import { flattenConfig, type PresetId, type TrainingConfig, type TrainingMode } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { CommandContext, ExitCode } from '../session'
import { importAndWait } from './import'
import { prepareRuntime, reportRun, trainAndWait, type SettingReason } from './train'

export interface FitOptions {
  /** Left out: the one that the preset was written for. */
  mode?: TrainingMode
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
  const { preset } = options
  const mode = options.mode ?? presetMode(preset)
  const changes = settingChanges(options, presetConfig(preset, mode))
  const wanted = withChanges(presetConfig(preset, mode), changes)
  const backboneId = options.backbone === undefined ? undefined : (await studio.models.resolve(options.backbone)).id
  if (backboneId !== undefined) changes.unshift(['backboneId', backboneId])
  const [{ dataset, importSeconds }] = await Promise.all([
    findDataset(context, reference, options.splitSeed ?? options.seed),
    studio.runs.foresee(backboneId ?? wanted.backboneId)
  ])
  if (options.splitSeed !== undefined) await studio.datasets.resplit(dataset.id, options.splitSeed)
  const recommended = await studio.runs.defaults(dataset.id, mode, preset, backboneId)
  const config = withChanges(recommended.config, changes)
  const reasons = reasonsInForce(recommended, config)
  if (config.mode === 'finetune') await prepareRuntime(context)
  const name = options.name && { name: options.name }
  const run = await trainAndWait(context, () =>
    studio.runs.start({ datasetId: dataset.id, config, importSeconds, ...name })
  )
  return reportRun(context, run, reasons)
}

/** A folder is imported, its split drawn with the run's seed, or looked at again; anything else is a dataset's id or name. */
export async function findDataset(
  context: CommandContext,
  reference: string,
  splitSeed: number | undefined
): Promise<{ dataset: Dataset; importSeconds: number }> {
  const info = await stat(reference).catch(() => null)
  if (info === null && /[\\/]/.test(reference)) {
    throw new StudioError('dataset/folder-missing', `There is no folder ${reference}.`, { path: reference })
  }
  if (info === null) return { dataset: await context.studio.datasets.resolve(reference), importSeconds: 0 }
  context.studio.datasets.foresee()
  const { dataset, report } = await importAndWait(context, reference, { splitSeed })
  return { dataset, importSeconds: report.durationMs / 1000 }
}

type Change = [key: string, value: string]

/** Settings that say how a head learns by batches, and nothing to a head that is solved. */
const BY_GRADIENT: ReadonlySet<string> = new Set(
  'epochs batchSize optimizer learningRate weightDecay momentum schedule warmup dropout clipNorm ema hiddenUnits'
    .split(' ')
    .map((name) => `head.${name}`)
)

/** Of the recommended settings that the run has, why; those that were changed by hand have no reason here. */
function reasonsInForce({ config, reasons }: Recommendation, used: TrainingConfig): SettingReason[] {
  const [wanted, actual] = [flattenConfig(config), flattenConfig(used)]
  return Object.entries(reasons)
    .filter(([key]) => JSON.stringify(wanted[key]) === JSON.stringify(actual[key]))
    .map(([key, reason]) => ({ key, value: actual[key] ?? null, reason }))
}

/** In the order in which they count: `--set` has the last word. @throws StudioError usage/invalid */
export function settingChanges({ epochs, seed, set }: FitOptions, { mode, head }: TrainingConfig): Change[] {
  const changes: Change[] = []
  if (epochs !== undefined) changes.push([mode === 'head' ? 'head.epochs' : 'fineTune.epochs', String(epochs)])
  if (seed !== undefined) changes.push(['seed', String(seed)])
  for (const text of set) {
    const at = text.indexOf('=')
    if (at <= 0) throw new StudioError('usage/invalid', `'${text}' is no setting: write key=value.`)
    changes.push([text.slice(0, at), text.slice(at + 1)])
  }
  const has = (test: (key: string) => boolean): boolean => changes.some(([key]) => test(key))
  if (has((key) => key === 'head.method')) return changes
  // Who names a learning rate means the method that has one, and so with a penalty.
  if (head.method === 'lbfgs' && has((key) => BY_GRADIENT.has(key))) changes.unshift(['head.method', 'gradient'])
  if (head.method === 'gradient' && has((key) => key === 'head.penalty')) changes.unshift(['head.method', 'lbfgs'])
  return changes
}

/** @throws StudioError config/unknown-key, config/invalid */
export const withChanges = (config: TrainingConfig, changes: Change[]): TrainingConfig =>
  changes.reduce((changed, [key, value]) => withSetting(changed, key, value), config)
