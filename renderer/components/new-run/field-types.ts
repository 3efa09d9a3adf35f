/** What a setting of the form is, and the choices that several settings share. */
import type { TrainingMode } from '@shared/domain/training-config'

export type Topic = 'preprocessing' | 'head' | 'fineTune' | 'schedule' | 'augmentation' | 'balance' | 'stopping'

export interface Field {
  /** Dotted key of the setting. */
  key: string
  label: string
  topic: Topic
  /** `numbers`: three of them, one a channel. */
  input: 'number' | 'numbers' | 'switch' | 'choice'
  choices?: { value: string; label: string }[]
  /** A word that may stand for the number, the value that it means, and what else may be typed. */
  word?: { text: string; value: string | null; otherwise: string }
  unit?: string
  /** Also to be dragged, from 0 to a value that is already strong; more can be typed. */
  slider?: { most: number; step: number }
  /** Why the recommended value is what it is; the core's own reason for a dataset comes before it. */
  reason: string
  /** Modes in which the setting has an effect. */
  modes?: TrainingMode[]
  /** The other setting that decides whether this one has an effect, and its values for which it has. */
  when?: { key: string; is: readonly string[] }
}

export const OPTIMIZERS = [
  { value: 'adamw', label: 'AdamW' },
  { value: 'adam', label: 'Adam' },
  { value: 'sgd', label: 'SGD, Nesterov' },
  { value: 'rmsprop', label: 'RMSprop' }
]
export const SCHEDULES = [
  { value: 'cosine', label: 'Cosine' },
  { value: 'constant', label: 'Constant' },
  { value: 'one-cycle', label: 'One cycle' },
  { value: 'step', label: 'Steps, ÷10' },
  { value: 'plateau', label: 'Plateau, ÷10' }
]
export const WITH_MOMENTUM = ['sgd', 'rmsprop'] as const

/** The setting has an effect in fine-tuning only. */
export const fine: { modes: TrainingMode[] } = { modes: ['finetune'] }
