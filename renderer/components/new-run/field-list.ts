/** The settings of the form, topic by topic, each with the reason for its recommended value. */
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

const OPTIMIZERS = [
  { value: 'adamw', label: 'AdamW' },
  { value: 'adam', label: 'Adam' },
  { value: 'sgd', label: 'SGD, momentum 0.9' }
]
const SCHEDULES = [
  { value: 'cosine', label: 'Cosine' },
  { value: 'constant', label: 'Constant' }
]
const fine: { modes: TrainingMode[] } = { modes: ['finetune'] }

const HEAD: Field[] = [
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
    key: 'head.optimizer',
    label: 'Optimiser',
    topic: 'head',
    input: 'choice',
    choices: OPTIMIZERS,
    reason: 'Keeps weight decay apart from the gradient (Loshchilov & Hutter 2019).'
  },
  {
    key: 'head.learningRate',
    label: 'Learning rate',
    topic: 'head',
    input: 'number',
    reason: 'The peak, for AdamW on pooled features after a warm-up.'
  },
  {
    key: 'head.weightDecay',
    label: 'Weight decay',
    topic: 'head',
    input: 'number',
    reason: 'Keeps the weights small when images are few.'
  },
  {
    key: 'head.batchSize',
    label: 'Batch size',
    topic: 'head',
    input: 'number',
    unit: 'images',
    reason: 'Features are cached, so a batch costs next to nothing.'
  },
  {
    key: 'head.labelSmoothing',
    label: 'Label smoothing',
    topic: 'head',
    input: 'number',
    reason: 'Keeps the head from growing over-confident.'
  },
  {
    key: 'head.dropout',
    label: 'Dropout',
    topic: 'head',
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
  }
]

const FINE_TUNE: Field[] = [
  {
    key: 'fineTune.unfreeze',
    label: 'Blocks that learn',
    topic: 'fineTune',
    input: 'unfreeze',
    reason: 'The last blocks are the most specific to what the backbone was trained on.'
  },
  {
    key: 'fineTune.optimizer',
    label: 'Optimiser',
    topic: 'fineTune',
    input: 'choice',
    choices: OPTIMIZERS,
    reason: 'As for the head.'
  },
  {
    key: 'fineTune.learningRate',
    label: 'Learning rate',
    topic: 'fineTune',
    input: 'number',
    reason: 'Lower than the head’s: pretrained weights are adjusted, not overwritten.'
  },
  {
    key: 'fineTune.weightDecay',
    label: 'Weight decay',
    topic: 'fineTune',
    input: 'number',
    reason: 'Keeps the weights near where they help; none on biases and norms.'
  },
  {
    key: 'fineTune.batchSize',
    label: 'Batch size',
    topic: 'fineTune',
    input: 'number',
    unit: 'images',
    reason: 'Every image of a batch holds its activations in memory.'
  },
  {
    key: 'fineTune.labelSmoothing',
    label: 'Label smoothing',
    topic: 'fineTune',
    input: 'number',
    reason: 'As for the head.'
  },
  { key: 'fineTune.dropout', label: 'Dropout', topic: 'fineTune', input: 'number', reason: 'As for the head.' },
  {
    key: 'fineTune.clipNorm',
    label: 'Gradient clipping',
    topic: 'fineTune',
    input: 'number',
    reason: 'Largest global norm: one bad batch cannot undo an epoch. 0 switches it off.'
  }
].map((field) => ({ ...field, ...fine }) as Field)

const SCHEDULE: Field[] = [
  {
    key: 'head.epochs',
    label: 'Epochs, head',
    topic: 'schedule',
    input: 'number',
    reason: 'Seconds on cached features, and enough for the cosine to settle.'
  },
  {
    key: 'head.schedule',
    label: 'Schedule, head',
    topic: 'schedule',
    input: 'choice',
    choices: SCHEDULES,
    reason: 'Small steps at the end refine what large ones found.'
  },
  {
    key: 'head.warmup',
    label: 'Warm-up, head',
    topic: 'schedule',
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
  }
]

const AUGMENTATION: Field[] = [
  {
    key: 'augmentation.flip',
    label: 'Mirror',
    topic: 'augmentation',
    input: 'switch',
    ...fine,
    reason: 'Right for most pictures; switch it off where left and right mean something.'
  },
  {
    key: 'augmentation.shift',
    label: 'Shift',
    topic: 'augmentation',
    input: 'number',
    unit: 'of the side',
    ...fine,
    reason: 'As much as a hand-held camera moves.'
  },
  {
    key: 'augmentation.zoom',
    label: 'Zoom',
    topic: 'augmentation',
    input: 'number',
    unit: 'of the size',
    ...fine,
    reason: 'Objects come at somewhat different distances.'
  }
]

const STOPPING: Field[] = [
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

export const CONTRACT_FIELDS: Field[] = [
  {
    key: 'contract.size',
    label: 'Input size',
    topic: 'preprocessing',
    input: 'number',
    unit: 'px',
    reason: 'Width and height of what the network sees.'
  },
  {
    key: 'contract.crop',
    label: 'Crop',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'center-crop', label: 'Central square' },
      { value: 'squash', label: 'Squash, aspect ratio lost' },
      { value: 'pad', label: 'Whole picture, black bars' }
    ],
    reason: 'The same in training, evaluation and prediction.'
  },
  {
    key: 'contract.cropFraction',
    label: 'Crop fraction',
    topic: 'preprocessing',
    input: 'number',
    unit: 'of the short side',
    reason: 'For the central square only.'
  },
  {
    key: 'contract.filter',
    label: 'Resize filter',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'nearest', label: 'Nearest' },
      { value: 'bilinear', label: 'Bilinear' },
      { value: 'bicubic', label: 'Bicubic' },
      { value: 'lanczos3', label: 'Lanczos 3' }
    ],
    reason: 'Antialiased, except nearest.'
  },
  {
    key: 'contract.colorOrder',
    label: 'Channel order',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'RGB', label: 'RGB' },
      { value: 'BGR', label: 'BGR' }
    ],
    reason: 'Networks from Caffe want BGR; nearly all others RGB.'
  },
  {
    key: 'contract.mean',
    label: 'Mean',
    topic: 'preprocessing',
    input: 'numbers',
    reason: 'Subtracted from 0–255, one number a channel.'
  },
  {
    key: 'contract.std',
    label: 'Divisor',
    topic: 'preprocessing',
    input: 'numbers',
    reason: 'Divides what is left, one number a channel.'
  }
]

export const FIELDS: readonly Field[] = [...HEAD, ...FINE_TUNE, ...SCHEDULE, ...AUGMENTATION, ...STOPPING]
