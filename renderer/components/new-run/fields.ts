/** The settings of the form by topic and by name. */
import { PRESETS } from '@shared/domain/presets'
import type { TrainingMode } from '@shared/domain/training-config'
import { EXECUTOR_NAMES, MODE_NAMES } from '../run/names'
import type { Draft } from './draft'
import { CONTRACT_FIELDS, FIELDS, type Field, type Topic } from './field-list'

export const TOPICS: readonly { id: Topic; label: string }[] = [
  { id: 'preprocessing', label: 'Preprocessing' },
  { id: 'head', label: 'Head' },
  { id: 'fineTune', label: 'Fine-tuning' },
  { id: 'schedule', label: 'Schedule' },
  { id: 'augmentation', label: 'Augmentation' },
  { id: 'balance', label: 'Balance of classes' },
  { id: 'stopping', label: 'Stopping and seed' }
]

const BY_KEY = new Map([...FIELDS, ...CONTRACT_FIELDS].map((field) => [field.key, field]))
const OTHERS: Record<string, string> = {
  backboneId: 'Backbone',
  backbone: 'Backbone',
  dataset: 'Dataset',
  device: 'Device',
  contract: 'Preprocessing',
  mode: 'Mode',
  preset: 'Preset',
  frozenExecutor: 'Frozen part on',
  trainingExecutor: 'Trained on'
}
/** Names of values that the form does not ask as a setting of a topic. */
const OTHER_CHOICES: Record<string, Record<string, string>> = {
  mode: MODE_NAMES,
  preset: Object.fromEntries(PRESETS.map(({ id, name }) => [id, name])),
  frozenExecutor: EXECUTOR_NAMES,
  trainingExecutor: EXECUTOR_NAMES
}
const PREFIXES: Record<string, string> = { head: 'Head', fineTune: 'Fine-tuning', contract: 'Preprocessing' }

/** A setting's name outside of its topic: 'Head · learning rate'. A key that the form does not ask stays as it is. */
export function settingLabel(key: string): string {
  const field = BY_KEY.get(key)
  if (!field) return OTHERS[key] ?? key
  const prefix = PREFIXES[key.split('.')[0]!]
  const name = field.label.replace(/, (head|fine-tuning)$/, '')
  return prefix ? `${prefix} · ${name.charAt(0).toLowerCase()}${name.slice(1)}` : name
}

/** The name of a choice, for example 'AdamW' for `head.optimizer` = `adamw`; null where the setting is no choice. */
export function choiceLabel(key: string, value: string): string | null {
  const named = OTHER_CHOICES[key] ?? {}
  return named[value] ?? BY_KEY.get(key)?.choices?.find((choice) => choice.value === value)?.label ?? null
}

/** The fields of a topic that have an effect in a mode and, when they are given, beside the other settings. */
export function fieldsOf(topic: Topic, mode: TrainingMode, settings?: Draft): Field[] {
  const matters = ({ when }: Field): boolean => !when || !settings || when.is.includes(String(settings[when.key]))
  return FIELDS.filter((field) => field.topic === topic && (field.modes ?? [mode]).includes(mode) && matters(field))
}

/** The word that stands for a setting's value ('auto', 'all', 'none'), if the setting has one and the value is meant by it. */
export function wordFor(key: string, value: unknown): string | null {
  const word = BY_KEY.get(key)?.word
  return word && word.value === value ? word.text : null
}
