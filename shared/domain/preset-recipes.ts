/** What each preset sets, as differences from the schema's defaults. */
import type { AugmentationConfig, FineTuneConfig, HeadConfig, PresetId, TrainingConfig } from './training-config'

/** Whatever a preset leaves out is as the schema has it. */
export interface Recipe {
  head?: Partial<HeadConfig>
  fineTune?: Partial<FineTuneConfig>
  augmentation?: Partial<AugmentationConfig>
  earlyStopping?: Partial<TrainingConfig['earlyStopping']>
  contract?: TrainingConfig['contract']
}

/** No regularisation of any kind: what the recipes of others add, they name. */
const PLAIN = {
  weightDecay: 0,
  schedule: 'constant',
  warmup: 0,
  labelSmoothing: 0,
  dropout: 0,
  clipNorm: 0,
  ema: 0
} as const

const NO_AUGMENTATION = { flip: false, shift: 0, zoom: 0 } as const

/** Runs every epoch and keeps the last, as scripts do. */
const TO_THE_END = { enabled: false, patience: 10, restoreBest: false } as const

const NAIVE = { ...PLAIN, epochs: 10, batchSize: 32, optimizer: 'adam', learningRate: 0.01 } as const

/** Kornblith's classifier: the optimum on features as they come, and nothing that a gradient would need. */
const FAST_HEAD: Recipe = {
  head: { ...PLAIN, method: 'lbfgs', penalty: 'auto', scaling: 'center' }
}

/**
 * `fine_tune`: one epoch of the frozen network with `fit_one_cycle(pct_start=0.99)` at 2e-3, then the whole of it at half of
 * that with pct_start 0.3, div 5 and final_div 1e5, the first layers at a hundredth. 0.774 is 100^(−1/18): the rate falls a
 * hundredfold over the eighteen blocks of EfficientNet-Lite0. Adam with decoupled decay 0.01, batches of 64, batch-norm that
 * adapts: fastai's defaults. Augmentation: `aug_transforms()` without its warp.
 */
const FASTAI: Recipe = {
  head: {
    ...PLAIN,
    method: 'gradient',
    epochs: 1,
    batchSize: 64,
    optimizer: 'adamw',
    learningRate: 2e-3,
    weightDecay: 0.01,
    schedule: 'one-cycle',
    warmup: 0.99,
    dropout: 0.5
  },
  fineTune: {
    ...PLAIN,
    epochs: 5,
    batchSize: 64,
    optimizer: 'adamw',
    learningRate: 1e-3,
    weightDecay: 0.01,
    schedule: 'one-cycle',
    warmup: 0.3,
    dropout: 0.5,
    unfreeze: 'all',
    layerDecay: 0.774,
    batchNorm: 'adapt'
  },
  augmentation: { flip: true, shift: 0, zoom: 0.1, rotation: 10, brightness: 0.2, contrast: 0.2 },
  earlyStopping: TO_THE_END
}

/**
 * 500 steps, 100 of them warm-up, ÷10 after 200, 300 and 400: with a warm-up of a fifth, what the step schedule does. A step is
 * 512 images at 0.003, here as 16 micro-batches of 32. No decay, no dropout; the head starts from zero together with the rest.
 */
const BIT: Recipe = {
  head: {
    ...PLAIN,
    method: 'gradient',
    epochs: 250,
    batchSize: 512,
    optimizer: 'sgd',
    learningRate: 0.003,
    momentum: 0.9,
    schedule: 'step',
    warmup: 0.2
  },
  fineTune: {
    ...PLAIN,
    epochs: 10_000,
    maxSteps: 500,
    batchSize: 32,
    accumulate: 16,
    optimizer: 'sgd',
    learningRate: 0.003,
    momentum: 0.9,
    schedule: 'step',
    warmup: 0.2,
    unfreeze: 'all',
    headFirst: false
  },
  augmentation: { flip: true, shift: 0.1, zoom: 0.1 },
  earlyStopping: TO_THE_END
}

/**
 * The tutorial unfreezes MobileNetV2 from layer 100 on: its last six blocks and the convolution after them, seven of the units
 * counted here. Batch-norm stays in inference mode. RandomRotation(0.2) is a fifth of a whole turn. Keras' RMSprop has no
 * momentum by default.
 */
const KERAS_TUTORIAL: Recipe = {
  head: {
    ...PLAIN,
    method: 'gradient',
    epochs: 10,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-4,
    dropout: 0.2,
    scaling: 'none'
  },
  fineTune: {
    ...PLAIN,
    epochs: 10,
    batchSize: 32,
    optimizer: 'rmsprop',
    learningRate: 1e-5,
    momentum: 0,
    dropout: 0.2,
    unfreeze: 7
  },
  augmentation: { flip: true, shift: 0, zoom: 0, rotation: 72 },
  earlyStopping: TO_THE_END
}

const NAIVE_RECIPE: Recipe = {
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
  head: { ...NAIVE, method: 'gradient', input: 'logits', scaling: 'none' },
  fineTune: { ...NAIVE, epochs: 5, unfreeze: 'all' },
  augmentation: NO_AUGMENTATION,
  earlyStopping: TO_THE_END
}

const RECIPES: Record<PresetId, Recipe> = {
  default: {},
  'fast-head': FAST_HEAD,
  fastai: FASTAI,
  bit: BIT,
  'keras-tutorial': KERAS_TUTORIAL,
  naive: NAIVE_RECIPE
}

/** Of the preset, as differences from the schema's defaults. */
export const recipeOf = (preset: PresetId): Recipe => RECIPES[preset]
