/** Presets: named configurations, each with its source. What each sets is in preset-recipes.ts. */
import { StudioError } from '../errors'
import { recipeOf } from './preset-recipes'
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
  /** The mode it was written for, which is the one it has when nobody says. */
  mode: TrainingMode
}

export const PRESETS: Preset[] = [
  {
    id: 'default',
    name: 'Recommended',
    summary:
      "The backbone's own preprocessing and a regularised head; fine-tuning starts from that head and keeps the best epoch.",
    source: 'LP-FT (Kumar et al. 2022); AdamW (Loshchilov & Hutter 2019)',
    mode: 'head'
  },
  {
    id: 'fast-head',
    name: 'Fast head',
    summary: 'Logistic regression on frozen features, solved to its optimum; the penalty is chosen on validation.',
    source: 'The linear evaluation of Kornblith, Shlens & Le 2019: L-BFGS, 45 penalties from 1e-6 to 1e5',
    mode: 'head'
  },
  {
    id: 'fastai',
    name: 'fastai',
    summary: 'One epoch of the head, then all blocks at rates from a hundredth up, each phase one cycle.',
    source: "fastai's Learner.fine_tune and aug_transforms; its own head with batch-norm is not part of it",
    mode: 'finetune'
  },
  {
    id: 'bit',
    name: 'BiT hyper-rule',
    summary:
      '500 steps of SGD over 512 images each, all blocks and a head from zero; the rate falls tenfold three times.',
    source: 'BiT-HyperRule for fewer than 20,000 images (Kolesnikov et al. 2020)',
    mode: 'finetune'
  },
  {
    id: 'keras-tutorial',
    name: 'Keras tutorial',
    summary: 'Adam at 1e-4 on the head for 10 epochs, then RMSprop at 1e-5 on the last blocks for 10 more.',
    source: "TensorFlow's tutorial 'Transfer learning and fine-tuning', on the backbone chosen here",
    mode: 'finetune'
  },
  {
    id: 'naive',
    name: 'Naive tutorial',
    summary:
      'Adam at 0.01 on the class scores of a frozen classifier, values in [0, 1], no warm-up, no regularisation. Here to be compared with.',
    source:
      "the founding article's recipe; what it leaves open (resizing, batch size) as Keras' ImageDataGenerator does by default",
    mode: 'head'
  }
]

/** @returns the preset's own mode: a recipe of fine-tuning is one also when nobody says so */
export const presetMode = (preset: PresetId): TrainingMode => PRESETS.find(({ id }) => id === preset)!.mode

/** The full configuration of a preset. */
export function presetConfig(preset: PresetId, mode: TrainingMode): TrainingConfig {
  const base = trainingConfigSchema.parse({ preset, mode })
  const { head, fineTune, augmentation, earlyStopping, ...top } = recipeOf(preset)
  return {
    ...base,
    ...top,
    head: { ...base.head, ...head },
    fineTune: { ...base.fineTune, ...fineTune },
    augmentation: { ...base.augmentation, ...augmentation },
    earlyStopping: { ...base.earlyStopping, ...earlyStopping }
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
