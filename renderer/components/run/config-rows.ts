/** A run's configuration as rows, with what differs from its preset. */
import { presetConfig } from '@shared/domain/presets'
import { flattenConfig, type TrainingConfig } from '@shared/domain/training-config'
import { choiceLabel, settingLabel, wordFor } from '../new-run/fields'

export interface ConfigRow {
  key: string
  label: string
  value: unknown
  /** What the preset says. */
  preset: unknown
  changed: boolean
}

/** Said elsewhere: in the heading of a run. */
const LEFT_OUT = new Set(['mode', 'preset'])

export const sameValue = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * Keys whose values differ between two configurations. A contract that one has and the other leaves to the backbone counts
 * as one difference, `contract`.
 */
export function changedKeys(config: TrainingConfig, base: TrainingConfig): string[] {
  const [own, other] = [flattenConfig(config), flattenConfig(base)]
  const contractDiffers = (config.contract === null) !== (base.contract === null)
  const keys = [...new Set([...Object.keys(own), ...Object.keys(other)])].filter((key) => !LEFT_OUT.has(key))
  const differing = keys.filter((key) => {
    if (contractDiffers && (key === 'contract' || key.startsWith('contract.'))) return false
    return !sameValue(own[key] ?? null, other[key] ?? null)
  })
  return contractDiffers ? ['contract', ...differing] : differing
}

/** All settings that matter for the run's mode, in the order of the schema. */
export function configRows(config: TrainingConfig): ConfigRow[] {
  const preset = presetConfig(config.preset, config.mode)
  const [own, other] = [flattenConfig(config), flattenConfig(preset)]
  const head = config.mode === 'head'
  return Object.keys(own)
    .filter((key) => !LEFT_OUT.has(key) && !(head && /^(fineTune|augmentation)\./.test(key)))
    .map((key) => {
      const base = key in other ? other[key] : null
      return { key, label: settingLabel(key), value: own[key], preset: base, changed: !sameValue(own[key], base) }
    })
}

/** A setting's value as people read it: the name of a choice, 'yes' and 'no', numbers as they are. */
export function settingText(key: string, value: unknown): string {
  if (key === 'contract') return value === null ? 'as the backbone' : 'overridden'
  const word = wordFor(key, value)
  if (word !== null) return word
  if (value === null || value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.join(', ')
  return choiceLabel(key, String(value)) ?? String(value)
}
