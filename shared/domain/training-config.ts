/**
 * The configuration of a run: every hyper-parameter, validated and stored. Defaults live in the schema, so that an empty
 * object parses to the recommended configuration; presets are differences from it (see presets.ts).
 */
import { z } from 'zod'
import { preprocessingContractSchema } from './preprocessing'

export const trainingModeSchema = z.enum(['head', 'finetune'])
export type TrainingMode = z.infer<typeof trainingModeSchema>

export const presetIdSchema = z.enum(['default', 'naive'])
export type PresetId = z.infer<typeof presetIdSchema>

export const optimizerIdSchema = z.enum(['adamw', 'adam', 'sgd'])
export type OptimizerId = z.infer<typeof optimizerIdSchema>

export const scheduleIdSchema = z.enum(['constant', 'cosine'])

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
  /** Decoupled weight decay (Loshchilov & Hutter 2019) for adamw and sgd; none on biases and norms. */
  weightDecay: z.number().min(0).max(10),
  schedule: scheduleIdSchema,
  /** Share of all steps over which the rate climbs from 0 to its peak. */
  warmup: share,
  labelSmoothing: z.number().min(0).max(0.9),
  /** Dropout on what the head reads. */
  dropout: z.number().min(0).max(0.9)
}

export const headConfigSchema = z.object({
  ...phaseShape,
  /**
   * `features`: the head reads the pooled features. `logits`: it is put on top of the whole classifier, and reads the scores
   * that the backbone's own last layer gives the classes it was pretrained on.
   */
  input: headInputSchema.default('features'),
  epochs: phaseShape.epochs.default(60),
  batchSize: phaseShape.batchSize.default(64),
  optimizer: phaseShape.optimizer.default('adamw'),
  learningRate: phaseShape.learningRate.default(0.001),
  weightDecay: phaseShape.weightDecay.default(0.05),
  schedule: phaseShape.schedule.default('cosine'),
  warmup: phaseShape.warmup.default(0.05),
  labelSmoothing: phaseShape.labelSmoothing.default(0.05),
  dropout: phaseShape.dropout.default(0.5),
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
  /** Largest global norm of the gradient; 0 switches clipping off. */
  clipNorm: z.number().min(0).default(1)
})
export type FineTuneConfig = z.infer<typeof fineTuneConfigSchema>

export const augmentationConfigSchema = z.object({
  /** Mirror left and right with probability one half (fine-tuning only: a head sees cached features). */
  flip: z.boolean().default(true),
  /** Largest shift of the crop, as a share of the picture's side. */
  shift: z.number().min(0).max(0.5).default(0.06),
  /** Largest change of the crop's size, as a share. */
  zoom: z.number().min(0).max(0.5).default(0.1)
})
export type AugmentationConfig = z.infer<typeof augmentationConfigSchema>

export const earlyStoppingConfigSchema = z.object({
  enabled: z.boolean().default(true),
  /** Epochs without a better validation loss before training ends. */
  patience: z.int().min(1).max(1000).default(10),
  /** Give back the weights of the best epoch rather than of the last. */
  restoreBest: z.boolean().default(true)
})

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
  head: headConfigSchema.default(() => headConfigSchema.parse({})),
  fineTune: fineTuneConfigSchema.default(() => fineTuneConfigSchema.parse({})),
  augmentation: augmentationConfigSchema.default(() => augmentationConfigSchema.parse({})),
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
