/** A run as a line of a table: every setting, fact and figure under one name, as filters, sorts and columns know it. */
import type { Run } from './run'
import type { Scalar } from './run-annotations'
import { flattenConfig, trainingConfigSchema } from './training-config'

export type ValueGroup = 'setting' | 'fact' | 'metric'
export interface RunValue {
  group: ValueGroup
  value: Exclude<Scalar, null>
}

/** Of the configuration, what the table has under a shorter name. */
const RENAMED = new Set(['mode', 'preset', 'backboneId', 'seed'])
/** What a run that trains a head alone does not do. */
const FINE_TUNING = /^(fineTune|augmentation)\./u

type Reader = (run: Run) => unknown

/** Known of any run, whoever trained it. */
const FACTS: Record<string, Reader> = {
  id: (run) => run.id,
  name: (run) => run.name,
  state: (run) => run.state,
  source: (run) => run.imported?.source ?? 'studio',
  dataset: (run) => run.datasetName || null,
  device: (run) => run.environment?.device,
  executor: (run) => run.environment?.trainingExecutor,
  images: (run) => (run.imported ? null : run.imageCount),
  classes: (run) => (run.imported ? null : run.classes.length),
  epochs: (run) => run.epochsDone,
  created: (run) => run.createdAt,
  started: (run) => run.startedAt,
  ended: (run) => run.endedAt,
  starred: (run) => run.starred,
  archived: (run) => run.archivedAt !== null,
  notes: (run) => run.notes || null,
  parent: (run) => run.parent,
  error: (run) => run.error?.code
}

const SETTINGS: Record<string, Reader> = {
  backbone: ({ config }) => config.backboneId,
  mode: ({ config }) => config.mode,
  preset: ({ config }) => config.preset,
  seed: ({ config }) => config.seed
}

const METRICS: Record<string, Reader> = {
  'best.epoch': (run) => run.best?.epoch,
  'test.accuracy': (run) => run.test?.accuracy,
  'test.loss': (run) => run.test?.loss,
  'test.macroF1': (run) => run.test?.macroF1,
  'test.count': (run) => run.test?.count,
  'seconds.import': (run) => run.seconds?.import,
  'seconds.features': (run) => run.seconds?.features,
  'seconds.train': (run) => run.seconds?.train,
  'seconds.total': (run) => run.seconds?.total,
  'calibration.temperature': (run) => run.calibration?.temperature,
  'calibration.eceAfter': (run) => run.calibration?.eceAfter
}

/** Keys that mean something even where no run has a value yet. */
export function wellKnownKeys(): string[] {
  const settings = Object.keys(flattenConfig(trainingConfigSchema.parse({}))).filter((key) => !RENAMED.has(key))
  return [...Object.keys({ ...FACTS, ...SETTINGS, ...METRICS }), 'seedGroup', ...settings]
}

/** By key (see run-query.ts). What has no value is not there. */
export function runValues(run: Run): Map<string, RunValue> {
  const values = new Map<string, RunValue>()
  const put = (group: ValueGroup, key: string, value: unknown): void => {
    const scalar = toScalar(value)
    if (scalar !== null) values.set(key, { group, value: scalar })
  }
  for (const [key, read] of Object.entries(FACTS)) put('fact', key, read(run))
  if (!run.imported) for (const [key, read] of Object.entries(SETTINGS)) put('setting', key, read(run))
  for (const [key, value] of Object.entries(settingsOf(run))) put('setting', key, value)
  for (const [key, read] of Object.entries(METRICS)) put('metric', key, read(run))
  return values
}

/**
 * What runs of one seed group have in common, as text: all that they were given but the seed. The name of a preset is left out, because
 * it changes nothing once the settings are the same.
 */
export function seedGroupText(run: Run): string {
  const settings = Object.entries(settingsOf(run)).filter(([key]) => !/seed/iu.test(key))
  const { mode, backboneId } = run.config
  const given = run.imported ? [run.imported.source] : [mode, backboneId, run.datasetHash]
  return JSON.stringify([...given, settings.sort(([a], [b]) => (a < b ? -1 : 1))])
}

function settingsOf({ config, imported }: Run): Record<string, unknown> {
  if (imported) {
    return Object.fromEntries(Object.entries(imported.settings).map(([key, value]) => [`imported.${key}`, value]))
  }
  const settings = Object.entries(flattenConfig(config))
  return Object.fromEntries(
    settings.filter(([key]) => !RENAMED.has(key) && (config.mode === 'finetune' || !FINE_TUNING.test(key)))
  )
}

/** Lists as their JSON; null for what is not there, and for what is no number. */
function toScalar(value: unknown): RunValue['value'] | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return value === null || value === undefined ? null : JSON.stringify(value)
}
