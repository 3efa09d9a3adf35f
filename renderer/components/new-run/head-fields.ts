/** How the head learns. */
import { OPTIMIZERS, WITH_MOMENTUM, type Field } from './field-types'

export const GRADIENT = { key: 'head.method', is: ['gradient'] } as const
const LBFGS = { key: 'head.method', is: ['lbfgs'] } as const

export const HEAD_FIELDS: Field[] = [
  {
    key: 'head.input',
    label: 'Reads',
    topic: 'head',
    input: 'choice',
    choices: [
      { value: 'features', label: 'Pooled features' },
      { value: 'logits', label: 'ImageNet class scores' }
    ],
    reason: 'The features hold more than the scores of a thousand other classes do.'
  },
  {
    key: 'head.method',
    label: 'Method',
    topic: 'head',
    input: 'choice',
    choices: [
      { value: 'lbfgs', label: 'Logistic regression' },
      { value: 'gradient', label: 'Gradient, by batches' }
    ],
    reason: 'The optimum of a convex problem has no learning rate to choose; batches allow a hidden layer.'
  },
  {
    key: 'head.penalty',
    label: 'Penalty',
    topic: 'head',
    input: 'number',
    word: { text: 'auto', value: 'auto', otherwise: 'A number from 0' },
    when: LBFGS,
    reason: 'On the squared weights. auto: the best of 45 values on validation.'
  },
  {
    key: 'head.optimizer',
    label: 'Optimiser',
    topic: 'head',
    when: GRADIENT,
    input: 'choice',
    choices: OPTIMIZERS,
    reason: 'Keeps weight decay apart from the gradient (Loshchilov & Hutter 2019).'
  },
  {
    key: 'head.learningRate',
    label: 'Learning rate',
    topic: 'head',
    when: GRADIENT,
    input: 'number',
    reason: 'The peak, for AdamW on pooled features after a warm-up.'
  },
  {
    key: 'head.weightDecay',
    label: 'Weight decay',
    topic: 'head',
    when: GRADIENT,
    input: 'number',
    reason: 'Keeps the weights small when images are few; the bias is left out.'
  },
  {
    key: 'head.batchSize',
    label: 'Batch size',
    topic: 'head',
    when: GRADIENT,
    input: 'number',
    unit: 'images',
    reason: 'Features are cached, so a batch costs next to nothing.'
  },
  {
    key: 'head.labelSmoothing',
    label: 'Label smoothing',
    topic: 'head',
    when: GRADIENT,
    input: 'number',
    reason: 'Keeps the head from growing over-confident.'
  },
  {
    key: 'head.dropout',
    label: 'Dropout',
    topic: 'head',
    when: GRADIENT,
    input: 'number',
    reason: 'On the pooled features: no single one may decide.'
  },
  {
    key: 'head.scaling',
    label: 'Feature scaling',
    topic: 'head',
    input: 'choice',
    choices: [
      { value: 'center', label: 'Centred, variance 1' },
      { value: 'none', label: 'None' }
    ],
    reason: 'A learning rate then means the same for every backbone.'
  },
  {
    key: 'head.hiddenUnits',
    label: 'Hidden units',
    topic: 'head',
    input: 'number',
    when: GRADIENT,
    reason: 'Features of a good backbone are separated by planes: a hidden layer seldom helps.'
  },
  {
    key: 'head.momentum',
    label: 'Momentum',
    topic: 'head',
    input: 'number',
    when: { key: 'head.optimizer', is: WITH_MOMENTUM },
    reason: 'Averages out the noise of batches.'
  },
  {
    key: 'head.clipNorm',
    label: 'Gradient clipping',
    topic: 'head',
    input: 'number',
    when: GRADIENT,
    reason: 'Largest global norm; features of one scale do not need it. 0 switches it off.'
  },
  {
    key: 'head.ema',
    label: 'Averaged weights',
    topic: 'head',
    input: 'number',
    when: GRADIENT,
    reason: 'Decay of a moving average of the weights, for instance 0.999. 0 switches it off.'
  },
  {
    key: 'frozenPrecision',
    label: 'Frozen layers',
    topic: 'head',
    input: 'choice',
    choices: [
      { value: 'float32', label: 'float32' },
      { value: 'int8', label: 'int8' }
    ],
    reason: 'int8 takes about half the time on a processor. What it changes is measured on these images first.'
  }
]
