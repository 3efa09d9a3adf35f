/** A run as a line of a table: every setting, fact and figure under one name, as filters, sorts and columns know it. */
import type { Run } from './run'
import type { Scalar } from './run-annotations'
import { flattenConfig } from './training-config'

export type ValueGroup = 'setting' | 'fact' | 'metric'
export interface RunValue {
  group: ValueGroup
  value: Exclude<Scalar, null>
}

/** Of the configuration, what the table has under a shorter name. */
const RENAMED = new Set(['mode', 'preset', 'backboneId', 'seed'])
/** What a run that trains a head alone does not do. */
const FINE_TUNING = /^(fineTune|augmentation)\./u

/** By key (see run-query.ts). What has no value is not there. */
export function runValues(run: Run): Map<string, RunValue> {
  const values = new Map<string, RunValue>()
  const put = (group: ValueGroup, entries: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(entries)) {
      const scalar = toScalar(value)
      if (scalar !== null) values.set(key, { group, value: scalar })
    }
  }
  const { config, environment, best, test, seconds, calibration } = run
  put('fact', {
    name: run.name,
    state: run.state,
    source: run.imported?.source ?? 'studio',
    dataset: run.datasetName || null,
    device: environment?.device,
    executor: environment?.trainingExecutor,
    images: run.imported ? null : run.imageCount,
    classes: run.imported ? null : run.classes.length,
    epochs: run.epochsDone,
    created: run.createdAt,
    started: run.startedAt,
    ended: run.endedAt,
    starred: run.starred,
    archived: run.archivedAt !== null,
    notes: run.notes || null,
    parent: run.parent,
    error: run.error?.code
  })
  if (!run.imported) {
    put('setting', { backbone: config.backboneId, mode: config.mode, preset: config.preset, seed: config.seed })
  }
  put('setting', settingsOf(run))
  put('metric', {
    'best.epoch': best?.epoch,
    'test.accuracy': test?.accuracy,
    'test.loss': test?.loss,
    'test.macroF1': test?.macroF1,
    'test.count': test?.count,
    'seconds.import': seconds?.import,
    'seconds.features': seconds?.features,
    'seconds.train': seconds?.train,
    'seconds.total': seconds?.total,
    'calibration.temperature': calibration?.temperature,
    'calibration.eceAfter': calibration?.eceAfter
  })
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
