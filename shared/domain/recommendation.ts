/** The recommended configuration for a dataset and a machine, with the reason for each setting that follows from them. */
import { presetConfig } from './presets'
import { flattenConfig, type PresetId, type TrainingConfig, type TrainingMode } from './training-config'

export interface RecommendationInput {
  mode: TrainingMode
  preset: PresetId
  /** Over all splits. */
  images: number
  classes: number
  /** Images of the smallest class, over all splits. */
  smallestClass: number
  /** Processor threads. */
  threads: number
  /** Whether the TensorFlow runtime is there: without it no backbone is fine-tuned. */
  tensorflowReady: boolean
}

export interface Recommendation {
  config: TrainingConfig
  /** Dotted key → one sentence. */
  reasons: Record<string, string>
}

/** Share of the images that a stratified split trains on, and that it validates on. */
const TRAIN_SHARE = 0.7
const VALIDATION_SHARE = 0.15

/** Pure: the same numbers give the same recommendation. */
export function recommendedConfig(input: RecommendationInput): Recommendation {
  const config = presetConfig(input.preset, input.mode)
  if (input.preset === 'naive') return { config, reasons: naiveReasons(config) }
  const reasons: Record<string, string> = {}
  tuneHead(config, reasons, input)
  if (input.mode === 'finetune') tuneFineTune(config, reasons, input)
  const validation = Math.round(input.images * VALIDATION_SHARE)
  if (validation < 60) {
    config.earlyStopping.patience = 20
    reasons['earlyStopping.patience'] =
      `With about ${validation} validation images the loss jumps from epoch to epoch: wait longer before giving up.`
  }
  return { config, reasons }
}

function tuneHead({ head }: TrainingConfig, reasons: Record<string, string>, { images }: RecommendationInput): void {
  const train = Math.round(images * TRAIN_SHARE)
  const batchSize = train > 20_000 ? 256 : Math.min(head.batchSize, Math.max(8, powerOfTwoUpTo(train / 8)))
  if (batchSize !== head.batchSize) {
    reasons['head.batchSize'] =
      batchSize > head.batchSize
        ? `${train} training images: larger batches pass over them faster.`
        : `About ${train} training images: smaller batches keep at least eight steps in an epoch.`
    head.batchSize = batchSize
  }
  const epochs = train < 300 ? 100 : train > 100_000 ? 15 : train > 20_000 ? 30 : head.epochs
  if (epochs !== head.epochs) {
    reasons['head.epochs'] =
      epochs > head.epochs
        ? `About ${train} training images make few steps an epoch: more epochs, ended early when they stop helping.`
        : `${train} training images make many steps an epoch: fewer epochs reach the same place.`
    head.epochs = epochs
  }
}

function tuneFineTune(
  { fineTune }: TrainingConfig,
  reasons: Record<string, string>,
  { images, smallestClass, threads, tensorflowReady }: RecommendationInput
): void {
  const train = Math.round(images * TRAIN_SHARE)
  if (!tensorflowReady) {
    reasons['mode'] = 'Fine-tuning begins once TensorFlow is prepared; until then a head can be trained.'
  }
  if (smallestClass < 10) {
    fineTune.unfreeze = 1
    reasons['fineTune.unfreeze'] =
      `The smallest class has ${smallestClass} images: the fewer blocks learn, the less they learn by heart.`
  } else if (threads <= 2 && train > 10_000) {
    fineTune.unfreeze = 1
    reasons['fineTune.unfreeze'] = `${train} training images on ${threads} threads: one block keeps an epoch short.`
  }
  const batchSize = train < 150 ? 16 : fineTune.batchSize
  if (batchSize !== fineTune.batchSize) {
    fineTune.batchSize = batchSize
    reasons['fineTune.batchSize'] = `About ${train} training images: smaller batches make enough steps in an epoch.`
  }
  const epochs = train > 50_000 ? 2 : train > 10_000 ? Math.min(4, fineTune.epochs) : fineTune.epochs
  if (epochs !== fineTune.epochs) {
    fineTune.epochs = epochs
    reasons['fineTune.epochs'] = `${train} training images: ${epochs} passes over them are steps enough.`
  }
}

const NAIVE_REASONS: Record<string, string> = {
  input: "A new layer on the module's ImageNet class scores, as the tutorial stacks them; the features say more.",
  contract:
    "Values in [0, 1], squashed to the nearest pixel: Keras' ImageDataGenerator, not what the backbone was trained on.",
  learningRate: 'Adam at 0.01: the rate of the founding article, ten times the usual.',
  optimizer: 'Adam without weight decay, as the tutorial has it.',
  schedule: 'One rate from the first step to the last.',
  warmup: 'No warm-up: the first step is as long as the last.',
  weightDecay: 'No regularisation.',
  labelSmoothing: 'No regularisation.',
  dropout: 'No regularisation.',
  scaling: 'Features as they come.',
  epochs: "The tutorial's count.",
  batchSize: "The tutorial's size.",
  unfreeze: 'The whole backbone at once.',
  clipNorm: 'No clipping of the gradient.',
  augmentation: 'No augmentation.',
  earlyStopping: 'The last epoch is kept, whether it was the best or not.'
}

/** A reason for each setting in which the naive recipe differs from the recommended one. */
function naiveReasons(config: TrainingConfig): Record<string, string> {
  const recommended = flattenConfig(presetConfig('default', config.mode))
  const reasons: Record<string, string> = {}
  for (const [key, value] of Object.entries(flattenConfig(config))) {
    if (key === 'preset' || JSON.stringify(value) === JSON.stringify(recommended[key])) continue
    const [area, name] = key.split('.')
    const reason = NAIVE_REASONS[area!] ?? NAIVE_REASONS[name!]
    if (reason) reasons[key] = reason
  }
  return reasons
}

function powerOfTwoUpTo(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, value)))
}
