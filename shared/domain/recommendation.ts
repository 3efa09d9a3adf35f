/** The recommended configuration for a dataset and a machine, with the reason for each setting that follows from them. */
import { presetConfig } from './presets'
import { flattenConfig, type PresetId, type TrainingConfig, type TrainingMode } from './training-config'

export interface RecommendationInput {
  mode: TrainingMode
  preset: PresetId
  /** Over all splits. */
  images: number
  classes: number
  /** Images of the smallest and of the largest class, over all splits. */
  smallestClass: number
  largestClass: number
  /** Processor threads. */
  threads: number
  /** Whether the TensorFlow runtime is there: without it no backbone is fine-tuned. */
  tensorflowReady: boolean
  /** Of the backbone. */
  blocks: number
  /** Of a frozen pass through the backbone, as this machine was measured; null: not yet. */
  msPerImage: number | null
  /** Whether its frozen layers can run in eight bits here. */
  int8: boolean
  /** Whether the backbone's weights are random. */
  untrained?: boolean
}

export interface Recommendation {
  config: TrainingConfig
  /** Dotted key → one sentence. */
  reasons: Record<string, string>
}

/** Share of the images that a stratified split trains on, and that it validates on. */
const TRAIN_SHARE = 0.7
const VALIDATION_SHARE = 0.15
/** Times that the largest class may outnumber the smallest before something is said of it. */
const IMBALANCE = 10
/** A training step of a block costs about three times its frozen pass: forward, and two products back. */
const STEP_COST = 3
/** Longer than this for an epoch of fine-tuning is too long to wait. */
const EPOCH_MINUTES = 10
/** A frozen pass over all images that takes longer is worth halving. */
const PASS_MINUTES = 2
/** BiT's step: as many images, and so many steps. */
const BIT_BATCH = 512
const BIT_STEPS = 500
/** From random weights on; even so it is short. */
const UNTRAINED_EPOCHS = 20
/** First layers learn at a hundredth of the rate. */
const FASTAI_RATIO = 100

/** Pure: the same numbers give the same recommendation. */
export function recommendedConfig(input: RecommendationInput): Recommendation {
  const config = presetConfig(input.preset, input.mode)
  const reasons: Record<string, string> = {}
  const tune = TUNERS[input.preset]
  if (tune) tune(config, reasons, input)
  else Object.assign(reasons, naiveReasons(config))
  if (input.mode === 'finetune' && !input.tensorflowReady) {
    reasons['mode'] = 'Fine-tuning begins once TensorFlow is prepared; until then a head can be trained.'
  }
  return { config, reasons }
}

type Tuner = (config: TrainingConfig, reasons: Record<string, string>, input: RecommendationInput) => void

/** What of a preset follows from the dataset and the machine. The recipes of others stay what they are, but for their own rules. */
const TUNERS: Partial<Record<PresetId, Tuner>> = {
  default: tuneDefault,
  'fast-head': tuneFastHead,
  fastai: tuneFastai,
  bit: tuneBit,
  'keras-tutorial': () => undefined
}

function tuneDefault(config: TrainingConfig, reasons: Record<string, string>, input: RecommendationInput): void {
  if (input.untrained) tuneUntrained(config, reasons)
  else if (config.mode === 'finetune') {
    tuneUnfrozen(config, reasons, input)
    tuneCourse(config, reasons, input)
  }
  tellBalance(config, reasons, input)
  tellPrecision(reasons, input)
  tunePatience(config, reasons, input)
}

function tuneFastHead(config: TrainingConfig, reasons: Record<string, string>, input: RecommendationInput): void {
  tellPrecision(reasons, input)
  tunePatience(config, reasons, input)
}

/** Some backbones are refused in eight bits once they are measured on the images, so that it is only told. */
function tellPrecision(
  reasons: Record<string, string>,
  { images, msPerImage, int8, untrained }: RecommendationInput
): void {
  const minutes = (images * (msPerImage ?? 0)) / 60_000
  if (!int8 || untrained || minutes < PASS_MINUTES) return
  reasons['frozenPrecision'] =
    `One pass of ${images} images through float32 layers takes about ${Math.round(minutes)} minutes here; int8 takes about half. ` +
    'What it changes is measured on these images first.'
}

/** Nothing was learned that had to be kept: a block that stays frozen stays random. */
function tuneUntrained({ mode, fineTune }: TrainingConfig, reasons: Record<string, string>): void {
  if (mode === 'head') {
    reasons['mode'] = 'The weights of the backbone are random: a head on them learns little. Fine-tune all of it.'
    return
  }
  fineTune.unfreeze = 'all'
  fineTune.epochs = UNTRAINED_EPOCHS
  reasons['fineTune.unfreeze'] = 'The weights of the backbone are random: a block that stays frozen stays so.'
  reasons['fineTune.epochs'] = 'Random weights have everything to learn; pretrained ones only what is new.'
}

/** Weights help small classes at the cost of overall accuracy: what counts is the user's to say, so that it is only told. */
function tellBalance(
  { balance }: TrainingConfig,
  reasons: Record<string, string>,
  { smallestClass, largestClass }: RecommendationInput
): void {
  const ratio = largestClass / Math.max(1, smallestClass)
  if (ratio < IMBALANCE || balance.lossWeights !== 'none') return
  reasons['balance.lossWeights'] =
    `The largest class has ${Math.round(ratio)} times the images of the smallest (${largestClass} and ${smallestClass}). Every ` +
    'image counts alike, which is best for accuracy; weighted classes help where rare ones matter as much.'
}

function tunePatience(
  { earlyStopping }: TrainingConfig,
  reasons: Record<string, string>,
  { images }: RecommendationInput
): void {
  const validation = Math.round(images * VALIDATION_SHARE)
  if (validation >= 60) return
  earlyStopping.patience = 20
  reasons['earlyStopping.patience'] =
    `With about ${validation} validation images the loss jumps from epoch to epoch: wait longer before giving up.`
}

function tuneUnfrozen(
  { fineTune }: TrainingConfig,
  reasons: Record<string, string>,
  { images, smallestClass, threads, msPerImage, blocks }: RecommendationInput
): void {
  const train = Math.round(images * TRAIN_SHARE)
  const unfreeze = (count: number, reason: string): void => {
    if (count === fineTune.unfreeze) return
    fineTune.unfreeze = count
    reasons['fineTune.unfreeze'] = reason
  }
  if (smallestClass < 10) {
    unfreeze(1, `The smallest class has ${smallestClass} images: the fewer blocks learn, the less they learn by heart.`)
    return
  }
  if (msPerImage === null) {
    if (threads <= 2 && train > 10_000) {
      unfreeze(1, `${train} training images on ${threads} threads: one block keeps an epoch short.`)
    }
    return
  }
  const wanted = Number(fineTune.unfreeze)
  const epochMinutes = (count: number): number =>
    (train * msPerImage * (1 + (STEP_COST - 1) * (count / blocks))) / 60_000
  let affordable = wanted
  while (affordable > 1 && epochMinutes(affordable) > EPOCH_MINUTES) affordable--
  unfreeze(
    affordable,
    `${train} training images at ${Number(msPerImage.toPrecision(2))} ms each: an epoch of ${wanted} blocks would take about ` +
      `${Math.round(epochMinutes(wanted))} minutes.`
  )
}

function tuneCourse(
  { fineTune }: TrainingConfig,
  reasons: Record<string, string>,
  { images }: RecommendationInput
): void {
  const train = Math.round(images * TRAIN_SHARE)
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

function tuneFastai(
  { mode, fineTune }: TrainingConfig,
  reasons: Record<string, string>,
  { blocks }: RecommendationInput
): void {
  const layerDecay = Number(FASTAI_RATIO ** (-1 / Math.max(1, blocks))).toPrecision(3)
  if (mode === 'head' || Number(layerDecay) === fineTune.layerDecay) return
  fineTune.layerDecay = Number(layerDecay)
  reasons['fineTune.layerDecay'] = `Over ${blocks} blocks the rate falls to a hundredth.`
}

/** BiT's rule is about steps; here they are counted in epochs. */
function tuneBit(config: TrainingConfig, reasons: Record<string, string>, { images }: RecommendationInput): void {
  const train = Math.max(1, Math.round(images * TRAIN_SHARE))
  if (train >= 20_000) {
    config.fineTune.maxSteps = 10_000
    config.fineTune.mixup = 0.1
    reasons['fineTune.maxSteps'] = `${train} training images: the rule has 10,000 steps from 20,000 images on.`
    reasons['fineTune.mixup'] = 'Part of the rule from 20,000 images on.'
  }
  const epochs = Math.min(10_000, Math.ceil(BIT_STEPS / Math.ceil(train / BIT_BATCH)))
  if (epochs !== config.head.epochs) {
    config.head.epochs = epochs
    reasons['head.epochs'] = `${BIT_STEPS} steps of at most ${BIT_BATCH} of about ${train} training images.`
  }
}

const NAIVE_REASONS: Record<string, string> = {
  method: 'Batch by batch, as the tutorial fits it.',
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
  ema: 'The weights as they are after the last step, not their average.',
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
