/** Presets: named configurations, each with its source. */
import { StudioError } from '../errors'
import {
  flattenConfig,
  trainingConfigSchema,
  type PresetId,
  type TrainingConfig,
  type TrainingMode
} from './training-config'

export interface Preset {
  id: PresetId
  name: string
  summary: string
  source: string
}

export const PRESETS: Preset[] = [
  {
    id: 'default',
    name: 'Recommended',
    summary: "The backbone's own preprocessing, a regularised head with warm-up and cosine, the best epoch kept.",
    source: 'LP-FT (Kumar et al. 2022); AdamW (Loshchilov & Hutter 2019)'
  },
  {
    id: 'naive',
    name: 'Naive tutorial',
    summary:
      'Adam at 0.01 on the class scores of a frozen classifier, values in [0, 1], no warm-up, no regularisation. Here to be compared with.',
    source:
      "the founding article's recipe; what it leaves open (resizing, batch size) as Keras' ImageDataGenerator does by default"
  }
]

/** The full configuration of a preset. */
export function presetConfig(preset: PresetId, mode: TrainingMode): TrainingConfig {
  const base = trainingConfigSchema.parse({ preset, mode })
  if (preset === 'default') return base
  const naive = {
    epochs: 10,
    batchSize: 32,
    optimizer: 'adam' as const,
    learningRate: 0.01,
    weightDecay: 0,
    schedule: 'constant' as const,
    warmup: 0,
    labelSmoothing: 0,
    dropout: 0
  }
  return {
    ...base,
    contract: {
      size: 224,
      colorOrder: 'RGB',
      mean: [0, 0, 0],
      std: [255, 255, 255],
      // Keras' ImageDataGenerator, which rescales to [0, 1], resizes so unless it is told otherwise.
      filter: 'nearest',
      crop: 'squash',
      cropFraction: 1
    },
    // `Sequential([classifier, Dense])`: on the module's 1,000 class scores, not on its features.
    head: { ...naive, input: 'logits', scaling: 'none' },
    fineTune: { ...base.fineTune, ...naive, epochs: 5, unfreeze: 'all', clipNorm: 0 },
    augmentation: { flip: false, shift: 0, zoom: 0 },
    earlyStopping: { enabled: false, patience: 10, restoreBest: false }
  }
}

/**
 * A configuration with one setting changed by its dotted key, as `--set head.learningRate=0.01` does. Texts that read as
 * JSON (numbers, booleans, null, arrays) are taken as such.
 *
 * @throws StudioError config/unknown-key, config/invalid
 */
export function withSetting(config: TrainingConfig, key: string, text: string): TrainingConfig {
  const known = flattenConfig(config)
  const isContractKey = key === 'contract' || key.startsWith('contract.')
  if (!Object.hasOwn(known, key) && !isContractKey) {
    throw new StudioError('config/unknown-key', `There is no setting '${key}'.`, { key, known: Object.keys(known) })
  }
  const copy = structuredClone(config) as unknown as Record<string, unknown>
  const path = key.split('.')
  let place = copy
  for (const part of path.slice(0, -1)) {
    if (part === '__proto__' || part === 'constructor' || typeof place[part] !== 'object' || place[part] === null) {
      throw new StudioError('config/unknown-key', `There is no setting '${key}'.`, { key })
    }
    place = place[part] as Record<string, unknown>
  }
  place[path.at(-1)!] = parseValue(text)
  const changed = validateConfig(copy)
  // A misspelt part of the contract would be dropped in silence.
  const left = Object.keys(flattenConfig(changed))
  if (left.some((name) => name === key || name.startsWith(`${key}.`))) return changed
  throw new StudioError('config/unknown-key', `There is no setting '${key}'.`, { key, known: left })
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** @throws StudioError config/invalid, naming the first setting that is wrong and why. */
export function validateConfig(value: unknown): TrainingConfig {
  const result = trainingConfigSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const key = issue.path.join('.')
  throw new StudioError('config/invalid', `The setting '${key}' is not valid: ${issue.message}.`, {
    key,
    issues: result.error.issues.map(({ path, message }) => ({ key: path.join('.'), message }))
  })
}
