/** How the unfrozen blocks learn. */
import { fine, OPTIMIZERS, WITH_MOMENTUM, type Field } from './field-types'

export const FINE_TUNE_FIELDS: Field[] = [
  {
    key: 'fineTune.unfreeze',
    label: 'Blocks that learn',
    topic: 'fineTune',
    input: 'number',
    word: { text: 'all', value: 'all', otherwise: 'A whole number from 1' },
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
  },
  {
    key: 'fineTune.headFirst',
    label: 'Head first',
    topic: 'fineTune',
    input: 'switch',
    reason: 'A head that knows nothing would pull the backbone about (Kumar et al. 2022).'
  },
  {
    key: 'fineTune.layerDecay',
    label: 'Rate from block to block',
    topic: 'fineTune',
    input: 'number',
    reason: 'Factor towards the picture: early blocks are general, and change less. 1: all alike.'
  },
  {
    key: 'fineTune.batchNorm',
    label: 'Batch-norm',
    topic: 'fineTune',
    input: 'choice',
    choices: [
      { value: 'frozen', label: 'Statistics frozen' },
      { value: 'folded', label: 'Folded into convolutions' },
      { value: 'adapt', label: 'Adapts to the images' }
    ],
    reason: 'Batches are small and their statistics noisy: those of pretraining hold.'
  },
  {
    key: 'fineTune.momentum',
    label: 'Momentum',
    topic: 'fineTune',
    input: 'number',
    when: { key: 'fineTune.optimizer', is: WITH_MOMENTUM },
    reason: 'Averages out the noise of batches.'
  },
  {
    key: 'fineTune.accumulate',
    label: 'Batches a step',
    topic: 'fineTune',
    input: 'number',
    reason: 'Gradients of several batches make one step, where memory holds no larger batch.'
  },
  {
    key: 'fineTune.mixup',
    label: 'Mixup',
    topic: 'fineTune',
    input: 'number',
    reason: 'Blends pairs of images; helps when epochs are many. 0 switches it off.'
  },
  {
    key: 'fineTune.cutmix',
    label: 'CutMix',
    topic: 'fineTune',
    input: 'number',
    reason: 'Pastes a piece of one image into another. 0 switches it off.'
  },
  {
    key: 'fineTune.ema',
    label: 'Averaged weights',
    topic: 'fineTune',
    input: 'number',
    reason: 'Decay of a moving average of the weights, for instance 0.999. 0 switches it off.'
  },
  {
    key: 'fineTune.cachePrefix',
    label: 'Cache of frozen layers',
    topic: 'fineTune',
    input: 'choice',
    choices: [
      { value: 'auto', label: 'Where cheaper' },
      { value: 'on', label: 'On' },
      { value: 'off', label: 'Off' }
    ],
    reason: 'Frozen layers give the same again: kept where that is cheaper than computing it.'
  },
  {
    key: 'fineTune.precision',
    label: 'Precision',
    topic: 'fineTune',
    input: 'choice',
    choices: [
      { value: 'float32', label: 'float32' },
      { value: 'bfloat16', label: 'bfloat16' }
    ],
    reason: 'bfloat16 is quicker on processors that multiply it; weights and sums stay float32.'
  }
].map((field) => ({ ...field, ...fine }) as Field)
