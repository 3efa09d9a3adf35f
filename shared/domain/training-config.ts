/**
 * The configuration of a run: every hyper-parameter, validated and stored. Defaults live in the schema, so that an empty
 * object parses to the recommended configuration; presets are differences from it (see presets.ts).
 *
 * A run that was made before a setting existed is stored without it. So the default of a setting that came later is what such
 * a run did; where something better is recommended since, the default of the whole phase says so.
 */
import { z } from 'zod'
import { preprocessingContractSchema } from './preprocessing'

export const trainingModeSchema = z.enum(['head', 'finetune'])
export type TrainingMode = z.infer<typeof trainingModeSchema>

export const presetIdSchema = z.enum(['default', 'fast-head', 'fastai', 'bit', 'keras-tutorial', 'naive'])
export type PresetId = z.infer<typeof presetIdSchema>

export const optimizerIdSchema = z.enum(['adamw', 'adam', 'sgd', 'rmsprop'])
export type OptimizerId = z.infer<typeof optimizerIdSchema>

/** What each does, step by step: main/engine/training/schedules.ts. */
export const scheduleIdSchema = z.enum(['constant', 'cosine', 'one-cycle', 'step', 'plateau'])

/** `gradient`: batch by batch, by the optimiser. `lbfgs`: L2-regularised logistic regression to its optimum. */
const headMethodSchema = z.enum(['gradient', 'lbfgs'])

/**
 * `frozen`: the moving statistics normalise and stay, scale and offset learn. `folded`: the statistics and the scale become
 * part of the convolution before it. `adapt`: each batch normalises by its own statistics, which the moving ones follow.
 */
const batchNormModeSchema = z.enum(['frozen', 'folded', 'adapt'])

/** How the head's inputs are scaled before the head learns; folded into its weights afterwards. */
const scalingIdSchema = z.enum(['none', 'center'])

const headInputSchema = z.enum(['features', 'logits'])

const rate = z.number().gt(0).max(10)
const share = z.number().min(0).max(1)

const phaseShape = {
  epochs: z.int().min(1).max(10_000),
  batchSize: z.int().min(1).max(4096),
  optimizer: optimizerIdSchema,
  /** Peak learning rate. */
  learningRate: rate,
  /** Decoupled weight decay (Loshchilov & Hutter 2019) for all but adam; none on biases and norms. */
  weightDecay: z.number().min(0).max(10),
  /** Of sgd, where it is Nesterov's, and of rmsprop. */
  momentum: z.number().min(0).max(0.999).default(0.9),
  schedule: scheduleIdSchema,
  /** Share of all steps over which the rate climbs to its peak. */
  warmup: share,
  labelSmoothing: z.number().min(0).max(0.9),
  /** Dropout on what the head reads, and on its hidden layer. */
  dropout: z.number().min(0).max(0.9),
  /** Largest global norm of the gradient; 0 switches clipping off. */
  clipNorm: z.number().min(0),
  /**
   * Decay of the exponential moving average of the weights, which is what is validated and kept; 0 switches it off. At step t
   * the decay is min(ema, (1 + t)/(10 + t)), so that the first weights are soon forgotten (as TensorFlow's
   * ExponentialMovingAverage does when it is given the step).
   */
  ema: z.number().min(0).max(0.99999).default(0)
}

export const headConfigSchema = z.object({
  ...phaseShape,
  /**
   * `features`: the head reads the pooled features. `logits`: it is put on top of the whole classifier, and reads the scores
   * that the backbone's own last layer gives the classes it was pretrained on.
   */
  input: headInputSchema.default('features'),
  method: headMethodSchema.default('gradient'),
  /**
   * For lbfgs: λ of Σ cross-entropy + λ/2·‖W‖², the biases left out: scikit-learn's 1/C. `auto`: the one of 45 values from
   * 1e-6 to 1e5, evenly spaced by their logarithm, that has the lowest validation loss (Kornblith, Shlens & Le 2019, appendix A).
   */
  penalty: z.union([z.number().min(0).max(1e9), z.literal('auto')]).default('auto'),
  /** Units of a hidden layer with ReLU; 0: the head is one dense layer. For gradient. */
  hiddenUnits: z.int().min(0).max(4096).default(0),
  epochs: phaseShape.epochs.default(60),
  batchSize: phaseShape.batchSize.default(64),
  optimizer: phaseShape.optimizer.default('adamw'),
  learningRate: phaseShape.learningRate.default(0.001),
  weightDecay: phaseShape.weightDecay.default(0.05),
  schedule: phaseShape.schedule.default('cosine'),
  warmup: phaseShape.warmup.default(0.05),
  labelSmoothing: phaseShape.labelSmoothing.default(0.05),
  dropout: phaseShape.dropout.default(0.5),
  clipNorm: phaseShape.clipNorm.default(0),
  /**
   * `center`: every feature to mean 0 and all by one factor to a mean variance of 1, so that a learning rate means the same
   * for every backbone. `none`: as they come.
   */
  scaling: scalingIdSchema.default('center')
})
export type HeadConfig = z.infer<typeof headConfigSchema>

export const fineTuneConfigSchema = z.object({
  ...phaseShape,
  epochs: phaseShape.epochs.default(6),
  batchSize: phaseShape.batchSize.default(32),
  optimizer: phaseShape.optimizer.default('adamw'),
  /** For the last unfrozen layers; the head learns at the same rate, from where the head phase left it. */
  learningRate: phaseShape.learningRate.default(0.0003),
  weightDecay: phaseShape.weightDecay.default(0.05),
  schedule: phaseShape.schedule.default('cosine'),
  warmup: phaseShape.warmup.default(0.1),
  /** As the head's: its loss on validation is what fine-tuning has to beat. */
  labelSmoothing: phaseShape.labelSmoothing.default(0.05),
  dropout: phaseShape.dropout.default(0.2),
  /** How many of the last blocks learn; 'all' for the whole backbone. */
  unfreeze: z.union([z.int().min(1).max(1000), z.literal('all')]).default(4),
  clipNorm: phaseShape.clipNorm.default(1),
  /** Train the head on the frozen backbone before anything else learns (LP-FT, Kumar et al. 2022). */
  headFirst: z.boolean().default(true),
  /**
   * Factor of the learning rate from one block to the next, towards the picture: the last block learns at
   * rate·layerDecay, the one before at rate·layerDecay² (Howard & Ruder 2018; Clark et al. 2020). The head learns at the rate
   * itself. 1: all alike.
   */
  layerDecay: z.number().gt(0).max(1).default(1),
  batchNorm: batchNormModeSchema.default('frozen'),
  /** α of the Beta(α, α) that mixes two images (Zhang et al. 2018); 0: off. */
  mixup: z.number().min(0).max(10).default(0),
  /** α of the Beta(α, α) that cuts a rectangle out of another image (Yun et al. 2019); 0: off. */
  cutmix: z.number().min(0).max(10).default(0),
  /** Micro-batches of `batchSize` whose gradients are averaged into one step. */
  accumulate: z.int().min(1).max(1024).default(1),
  /** Whether what the frozen layers give is kept: it is the same every epoch unless images are augmented. */
  cachePrefix: z.enum(['auto', 'on', 'off']).default('auto'),
  /**
   * Of the products that 1 × 1 convolutions of many channels are, forward and back (Micikevicius et al. 2018): `bfloat16` rounds
   * what goes into them, while sums, weights and validation stay float32. Only for processors that multiply it.
   */
  precision: z.enum(['float32', 'bfloat16']).default('float32'),
  /** Ends the phase after so many steps, whatever `epochs` says; schedules reckon with it. */
  maxSteps: z.int().min(1).max(1_000_000).nullable().default(null)
})
export type FineTuneConfig = z.infer<typeof fineTuneConfigSchema>

export const augmentationConfigSchema = z.object({
  /** Mirror left and right with probability one half (fine-tuning only: a head sees cached features). */
  flip: z.boolean().default(true),
  /** Largest shift of the crop, as a share of the picture's side. */
  shift: z.number().min(0).max(0.5).default(0.06),
  /** Largest change of the crop's size, as a share. */
  zoom: z.number().min(0).max(0.5).default(0.1),
  /** Largest turn to either side, degrees. */
  rotation: z.number().min(0).max(180).default(0),
  /** Largest change, as a share. */
  brightness: share.default(0),
  contrast: share.default(0),
  saturation: share.default(0),
  /** Largest turn of the colour wheel, as a share of the whole turn. */
  hue: z.number().min(0).max(0.5).default(0),
  /** Probability of a picture without colours. */
  grayscale: share.default(0),
  /** Probability of a Gaussian blur. */
  blur: share.default(0),
  /** Standard deviation of Gaussian noise, of 255. */
  noise: z.number().min(0).max(128).default(0),
  /** Side of the square that is cut out (DeVries & Taylor 2017), as a share of the picture's; 0: none. */
  cutout: z.number().min(0).max(0.9).default(0),
  /** As many operations, drawn at random, of one strength (Cubuk et al. 2020); 0 operations: off. */
  randAugment: z
    .object({ operations: z.int().min(0).max(4).default(0), magnitude: z.number().min(0).max(10).default(5) })
    .default({ operations: 0, magnitude: 5 })
})
export type AugmentationConfig = z.infer<typeof augmentationConfigSchema>

export const earlyStoppingConfigSchema = z.object({
  enabled: z.boolean().default(true),
  /** Epochs without a better validation loss before training ends. */
  patience: z.int().min(1).max(1000).default(10),
  /** Give back the weights of the best epoch rather than of the last. */
  restoreBest: z.boolean().default(true)
})

export const balanceConfigSchema = z.object({
  /** `balanced`: class c of k with n_c of n training images counts n/(k·n_c) in the loss. */
  lossWeights: z.enum(['none', 'balanced']).default('none'),
  /** `shuffle`: every image once an epoch. `balanced`: as many draws, every class equally often. */
  sampling: z.enum(['shuffle', 'balanced']).default('shuffle')
})
export type BalanceConfig = z.infer<typeof balanceConfigSchema>

export const trainingConfigSchema = z.object({
  mode: trainingModeSchema.default('head'),
  preset: presetIdSchema.default('default'),
  backboneId: z.string().default('efficientnet-lite0'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1),
  /** Null: the contract that the backbone brings. A value overrides it, which the studio says loudly. */
  contract: preprocessingContractSchema.nullable().default(null),
  /**
   * Of the layers that do not learn. `int8` rounds their kernels and values to eight bits, with bounds that some of the dataset's
   * images set: half the time. Only on ONNX Runtime, on a processor; an export is float32 all the same.
   */
  frozenPrecision: z.enum(['float32', 'int8']).default('float32'),
  /**
   * By gradient: as good as L-BFGS on the test images of five splits each (the sample .813 against .816, Fashion-MNIST .868 against
   * .870, s.d. .02), with a lower loss on the sample (.695 against .717), a third of its time, and a curve that can be watched.
   */
  head: headConfigSchema.default(() => headConfigSchema.parse({})),
  /**
   * Twice the epochs, and the average of the weights: over splits 4 to 7 the sample's validation loss is .774 (.784 with 6 epochs
   * and the weights as they are; test .800 and .797), over splits 4 to 6 that of Fashion-MNIST .357 (.367; test .892 and .879).
   */
  fineTune: fineTuneConfigSchema.default(() => fineTuneConfigSchema.parse({ epochs: 12, ema: 0.99 })),
  augmentation: augmentationConfigSchema.default(() => augmentationConfigSchema.parse({})),
  balance: balanceConfigSchema.default(() => balanceConfigSchema.parse({})),
  earlyStopping: earlyStoppingConfigSchema.default(() => earlyStoppingConfigSchema.parse({}))
})
export type TrainingConfig = z.infer<typeof trainingConfigSchema>

/** Every setting as `dotted.key` → value, leaves only; what compare lists and `--set` names. */
export function flattenConfig(value: unknown, prefix = ''): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { [prefix]: value }
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, inner]) => flattenConfig(inner, prefix ? `${prefix}.${key}` : key))
  )
}
