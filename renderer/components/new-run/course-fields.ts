/** How long, at which rate, on which images, and when it ends. */
import { fine, SCHEDULES, type Field } from './field-types'
import { GRADIENT } from './head-fields'

export const SCHEDULE_FIELDS: Field[] = [
  {
    key: 'head.epochs',
    label: 'Epochs, head',
    topic: 'schedule',
    when: GRADIENT,
    input: 'number',
    reason: 'Seconds on cached features, and enough for the cosine to settle.'
  },
  {
    key: 'head.schedule',
    label: 'Schedule, head',
    topic: 'schedule',
    when: GRADIENT,
    input: 'choice',
    choices: SCHEDULES,
    reason: 'Small steps at the end refine what large ones found.'
  },
  {
    key: 'head.warmup',
    label: 'Warm-up, head',
    topic: 'schedule',
    when: GRADIENT,
    input: 'number',
    unit: 'of all steps',
    reason: 'A fresh head’s first gradients are its largest.'
  },
  {
    key: 'fineTune.epochs',
    label: 'Epochs, fine-tuning',
    topic: 'schedule',
    input: 'number',
    ...fine,
    reason: 'It starts from a trained head and needs few.'
  },
  {
    key: 'fineTune.schedule',
    label: 'Schedule, fine-tuning',
    topic: 'schedule',
    input: 'choice',
    choices: SCHEDULES,
    ...fine,
    reason: 'As for the head.'
  },
  {
    key: 'fineTune.warmup',
    label: 'Warm-up, fine-tuning',
    topic: 'schedule',
    input: 'number',
    unit: 'of all steps',
    ...fine,
    reason: 'Protects pretrained weights while the optimiser has no statistics yet.'
  },
  {
    key: 'fineTune.maxSteps',
    label: 'Most steps, fine-tuning',
    topic: 'schedule',
    input: 'number',
    ...fine,
    word: { text: 'none', value: null, otherwise: 'A whole number from 1' },
    reason: 'Ends the phase whatever the epochs say.'
  }
]

export const BALANCE_FIELDS: Field[] = [
  {
    key: 'balance.lossWeights',
    label: 'Weights in the loss',
    topic: 'balance',
    input: 'choice',
    choices: [
      { value: 'none', label: 'Every image alike' },
      { value: 'balanced', label: 'Every class alike' }
    ],
    reason: 'Balanced: a rare class counts as much as a frequent one; overall accuracy pays for it.'
  },
  {
    key: 'balance.sampling',
    label: 'Drawing of images',
    topic: 'balance',
    input: 'choice',
    choices: [
      { value: 'shuffle', label: 'Every image once' },
      { value: 'balanced', label: 'Every class alike' }
    ],
    reason: 'Every image once an epoch. Balanced: images of rare classes come more often.'
  }
]

export const STOPPING_FIELDS: Field[] = [
  {
    key: 'earlyStopping.enabled',
    label: 'Stop early',
    topic: 'stopping',
    input: 'switch',
    reason: 'More epochs without a better validation loss only overfit.'
  },
  {
    key: 'earlyStopping.patience',
    label: 'Patience',
    topic: 'stopping',
    input: 'number',
    unit: 'epochs',
    reason: 'Validation loss is noisy: a few worse epochs mean nothing yet.'
  },
  {
    key: 'earlyStopping.restoreBest',
    label: 'Keep the best epoch',
    topic: 'stopping',
    input: 'switch',
    reason: 'The weights with the lowest validation loss are the run’s, not the last.'
  },
  {
    key: 'seed',
    label: 'Seed',
    topic: 'stopping',
    input: 'number',
    reason: 'Decides first weights, order of images and augmentation: repeat a run, or vary it.'
  }
]
