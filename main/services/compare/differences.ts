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

export interface Setting {
  kind: SettingDifference['kind']
  value: Value
}

/** In the order in which the settings are declared; what is the same for all runs is left out. */
export function settingDifferences(runs: readonly RunSettings[]): SettingDifference[] {
  const settings = runs.map(settingsOf)
  const kinds = new Map(settings.flatMap((each) => [...each].map(([key, { kind }]) => [key, kind] as const)))
  return [...kinds]
    .map(([key, kind]) => ({ key, kind, values: settings.map((each) => each.get(key)?.value ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]))
}

/** Everything that a run was made of, by its key: the images, the settings that it used, the machine. */
export function settingsOf({ run, contract }: RunSettings): Map<string, Setting> {
  const settings = new Map<string, Setting>([
    ['dataset', { kind: 'data', value: run.datasetName }],
    ['datasetVersion', { kind: 'data', value: run.datasetHash.slice(0, 12) }]
  ])
  const add = (kind: Setting['kind'], values: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(values)) settings.set(key, { kind, value: asValue(value) })
  }
  // What another program trained has its own settings; those of the schema's defaults say nothing of it.
  add('setting', run.imported ? run.imported.settings : usedSettings(run, contract))
  if (run.environment) {
    const { device, threads, frozenExecutor, trainingExecutor, versions } = run.environment
    add('environment', { device, threads, frozenExecutor, trainingExecutor })
    add('environment', flattenConfig(versions, 'version'))
  }
  return settings
}

function usedSettings({ config }: Run, contract: PreprocessingContract | null): Record<string, unknown> {
  const { backboneId, ...rest } = config
  const flat = Object.entries(flattenConfig({ ...rest, contract }))
  // A head sees cached features: what only fine-tuning uses had no part in it.
  const unused = config.mode === 'head' ? /^(fineTune|augmentation)\./ : /^$/
  return { backbone: backboneId, ...Object.fromEntries(flat.filter(([key]) => !unused.test(key))) }
}

function asValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value)
}
