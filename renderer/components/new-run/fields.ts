import { CONTRACT_FIELDS, FIELDS } from './field-list'

/** What the form of a new run asks: each setting with its name, the way it is entered, and why its default is what it is. */
import type { TrainingMode } from '@shared/domain/training-config'

export type Topic = 'preprocessing' | 'head' | 'fineTune' | 'schedule' | 'augmentation' | 'stopping'

export interface Field {
  /** Dotted key of the setting. */
  key: string
  label: string
  topic: Topic
  /** `numbers`: three of them, one a channel; `unfreeze`: a number or 'all'. */
  input: 'number' | 'numbers' | 'switch' | 'choice' | 'unfreeze'
  choices?: { value: string; label: string }[]
  unit?: string
  /** Why the recommended value is what it is; the core's own reason for a dataset comes before it. */
  reason: string
  /** Modes in which the setting has an effect. */
  modes?: TrainingMode[]
}

export const TOPICS: readonly { id: Topic; label: string }[] = [
  { id: 'preprocessing', label: 'Preprocessing' },
  { id: 'head', label: 'Head' },
  { id: 'fineTune', label: 'Fine-tuning' },
  { id: 'schedule', label: 'Schedule' },
  { id: 'augmentation', label: 'Augmentation' },
  { id: 'stopping', label: 'Stopping and seed' }
]

const LABELS = new Map([...FIELDS, ...CONTRACT_FIELDS].map((field) => [field.key, field]))
const OTHERS: Record<string, string> = {
  backboneId: 'Backbone',
  backbone: 'Backbone',
  dataset: 'Dataset',
  device: 'Device',
  contract: 'Preprocessing',
  mode: 'Mode',
  preset: 'Preset'
}
const PREFIXES: Record<string, string> = { head: 'Head', fineTune: 'Fine-tuning', contract: 'Preprocessing' }

/** A setting's name outside of its topic: 'Head · learning rate'. A key that the form does not ask stays as it is. */
export function settingLabel(key: string): string {
  const field = LABELS.get(key)
  if (!field) return OTHERS[key] ?? key
  const prefix = PREFIXES[key.split('.')[0]!]
  const name = field.label.replace(/, (head|fine-tuning)$/, '')
  return prefix ? `${prefix} · ${name.charAt(0).toLowerCase()}${name.slice(1)}` : name
}

/** The fields of a topic that have an effect in a mode. */
export function fieldsOf(topic: Topic, mode: TrainingMode): Field[] {
  return FIELDS.filter((field) => field.topic === topic && (field.modes ?? [mode]).includes(mode))
}
