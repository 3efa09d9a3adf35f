/**
 * A configuration as a flat list of settings, of which any part can be taken from another. What of the preprocessing is the
 * backbone's own is kept as such and not as numbers, so that another backbone brings its own.
 */
import type { GapSetting } from '@shared/domain/explanation'
import { preprocessingContractSchema, type PreprocessingContract } from '@shared/domain/preprocessing'
import { validateConfig } from '@shared/domain/presets'
import { flattenConfig, type TrainingConfig } from '@shared/domain/training-config'

/** Instead of a value: as the backbone brings it. */
export const OWN = 'own'

export type Settings = ReadonlyMap<string, unknown>

/** The contract of each backbone that occurs. @throws nothing: every id is one of the two */
export type Contracts = (backboneId: string) => PreprocessingContract

const CONTRACT_KEYS = Object.keys(preprocessingContractSchema.shape) as (keyof PreprocessingContract)[]

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Dotted key → value; `contract.*` is OWN where it equals the backbone's. */
export function settingsOf(config: TrainingConfig, contracts: Contracts): Settings {
  const { contract, ...rest } = config
  const settings = new Map(Object.entries(flattenConfig(rest)))
  const own = contracts(config.backboneId)
  for (const key of CONTRACT_KEYS) {
    settings.set(`contract.${key}`, !contract || same(contract[key], own[key]) ? OWN : contract[key])
  }
  return settings
}

/**
 * The configuration that these settings describe.
 *
 * @throws StudioError config/invalid
 */
export function configOf(settings: Settings, contracts: Contracts): TrainingConfig {
  const tree: Record<string, unknown> = {}
  for (const [key, value] of settings) if (!key.startsWith('contract.')) place(tree, key.split('.'), value)
  const own = contracts(String(settings.get('backboneId')))
  const isOwn = CONTRACT_KEYS.every((key) => settings.get(`contract.${key}`) === OWN)
  const values = CONTRACT_KEYS.map((key) => {
    const value = settings.get(`contract.${key}`)
    return [key, value === OWN ? own[key] : value]
  })
  tree['contract'] = isOwn ? null : Object.fromEntries(values)
  return validateConfig(tree)
}

function place(tree: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (rest.length === 0) tree[key!] = value
  else place((tree[key!] ??= {}) as Record<string, unknown>, rest, value)
}

/** `from`, but the keys given as `to` has them. */
export function mixed(from: Settings, to: Settings, keys: readonly string[]): Settings {
  const settings = new Map(from)
  for (const key of keys) settings.set(key, to.get(key))
  return settings
}

/** For people: lists as text. */
export function shownValue(value: unknown): GapSetting['from'] {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value)
}
