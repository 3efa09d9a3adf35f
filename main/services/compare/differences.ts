/** The settings in which runs differ. */
import type { SettingDifference } from '@shared/domain/comparison'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { Run } from '@shared/domain/run'
import { flattenConfig } from '@shared/domain/training-config'

type Value = SettingDifference['values'][number]

export interface RunSettings {
  run: Run
  /** The contract in force, or null when it is not known any more. */
  contract: PreprocessingContract | null
}

/** In the order in which the settings are declared; what is the same for all runs is left out. */
export function settingDifferences(runs: readonly RunSettings[]): SettingDifference[] {
  const settings = runs.map(settingsOf)
  const keys = [...new Set(settings.flatMap((each) => [...each.keys()]))]
  return keys
    .map((key) => ({ key, values: settings.map((each) => each.get(key) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]))
}

function settingsOf({ run, contract }: RunSettings): Map<string, Value> {
  const { backboneId, ...config } = run.config
  const flat = flattenConfig({ ...config, contract })
  // A head sees cached features: what only fine-tuning uses had no part in it.
  const unused = config.mode === 'head' ? /^(fineTune|augmentation)\./ : /^$/
  const settings = new Map<string, Value>([
    ['dataset', run.datasetName],
    ['datasetVersion', run.datasetHash.slice(0, 12)],
    ['backbone', backboneId]
  ])
  for (const [key, value] of Object.entries(flat)) {
    if (!unused.test(key)) settings.set(key, asValue(value))
  }
  if (!run.environment) return settings
  const { device, threads, frozenExecutor, trainingExecutor, versions } = run.environment
  settings.set('device', device)
  settings.set('threads', threads)
  settings.set('frozenExecutor', frozenExecutor)
  settings.set('trainingExecutor', trainingExecutor)
  for (const [name, version] of Object.entries(versions)) settings.set(`version.${name}`, version)
  return settings
}

function asValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value)
}
