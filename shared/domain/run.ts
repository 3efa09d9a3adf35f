/** Runs: one training, from the click to its verdict. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'
import { executorIdSchema } from './backbone'
import { findingSchema } from './finding'
import { runAnnotationsShape } from './run-annotations'
import { trainingConfigSchema } from './training-config'

/**
 * queued → preparing → running → completed | stopped | failed: these three are for good. A run that was paused, or interrupted by
 * a crash, rests until it is resumed; then it is queued again.
 */
export const runStateSchema = z.enum([
  'queued',
  'preparing',
  'running',
  'paused',
  'completed',
  'stopped',
  'failed',
  'interrupted'
])
export type RunState = z.infer<typeof runStateSchema>
/** No process works at it any more. */
export const SETTLED_STATES: readonly RunState[] = ['paused', 'completed', 'stopped', 'failed', 'interrupted']
export const isSettled = (state: RunState): boolean => SETTLED_STATES.includes(state)
/** Not at its end: it can be resumed. */
export const RESTING_STATES: readonly RunState[] = ['paused', 'interrupted']
export const isResting = (state: RunState): boolean => RESTING_STATES.includes(state)

/** Where a run's numbers were computed. A fallback to a slower rung is never silent: it is written here. */
export const runEnvironmentSchema = z.object({
  /** What ran the frozen part. */
  frozenExecutor: executorIdSchema,
  /** What trained. */
  trainingExecutor: executorIdSchema,
  /** 'CPU' or the GPU's name. */
  device: z.string(),
  threads: z.int(),
  /** Why not a better one, or null when nothing better was to be had. */
  fallback: z.string().nullable(),
  versions: z.record(z.string(), z.string()),
  /** What the run was computed from, SHA-256 in hex; null in runs from before these were kept. */
  hashes: z
    .object({
      /** Images with their labels and splits. */
      dataset: z.string(),
      /** Which image is in which split. */
      split: z.string(),
      /** The backbone's weights. */
      backbone: z.string()
    })
    .nullable()
    .default(null)
})
export type RunEnvironment = z.infer<typeof runEnvironmentSchema>

export const runPhaseSchema = z.enum(['load', 'features', 'head', 'finetune', 'evaluate'])

/** Where a resumed run goes on. */
export const runCheckpointSchema = z.object({
  phase: runPhaseSchema,
  /** Last step that is in it, over both phases. */
  step: z.int().min(0),
  /** The epoch of the phase that this step belongs to, and how many the phase was to have. */
  epoch: z.int().min(0),
  epochs: z.int().min(0),
  /** Time worked up to then: what is done after it and lost in a crash is not in it, nor are pauses. */
  seconds: z.number().min(0),
  savedAt: z.int()
})
export type RunCheckpoint = z.infer<typeof runCheckpointSchema>

export const testScoresSchema = z.object({
  accuracy: z.number(),
  loss: z.number(),
  macroF1: z.number(),
  count: z.int()
})

export const runSecondsSchema = z.object({
  import: z.number(),
  features: z.number(),
  train: z.number(),
  total: z.number()
})

export const runSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Index into the palette: a run keeps its colour everywhere. */
  color: z.int(),
  /** Empty in a run that another program trained. */
  datasetId: z.string(),
  datasetName: z.string(),
  /** Content hash of the dataset when the run began. */
  datasetHash: z.string(),
  /** Images and classes that the run was given. */
  imageCount: z.int(),
  classes: z.array(z.string()),
  config: trainingConfigSchema,
  state: runStateSchema,
  environment: runEnvironmentSchema.nullable(),
  /** Epochs done, over both phases of a fine-tune. */
  epochsDone: z.int(),
  /** The epoch with the lowest validation loss so far, counted from 1. */
  best: z.object({ epoch: z.int(), validationLoss: z.number(), validationAccuracy: z.number() }).nullable(),
  test: testScoresSchema.nullable(),
  seconds: runSecondsSchema.nullable(),
  /** The newest checkpoint of a run that is not at its end; null: it would begin anew. */
  checkpoint: runCheckpointSchema.nullable(),
  findings: z.array(findingSchema),
  error: errorDataSchema.nullable(),
  createdAt: z.int(),
  /** Moved on by what the run rested: now less `startedAt` is how long it has been worked at. */
  startedAt: z.int().nullable(),
  endedAt: z.int().nullable(),
  ...runAnnotationsShape
})
export type Run = z.infer<typeof runSchema>

/** Names of the series that the studio writes. `step` counts over both phases; epoch-level series carry the step at the epoch's end. */
export const seriesNameSchema = z.enum([
  'train_loss',
  'train_accuracy',
  'validation_loss',
  'validation_accuracy',
  'learning_rate',
  'images_per_second',
  'rss_bytes',
  /** Global norm of the gradient before clipping. */
  'gradient_norm',
  /** Median over kernels of ‖update‖ / ‖weights‖ of one step. */
  'update_ratio',
  /** Of the time of the steps: waiting for pictures. */
  'wait_share'
])
export type SeriesName = z.infer<typeof seriesNameSchema>

export const metricPointSchema = z.object({
  /** A `SeriesName`, or whatever an imported run calls it. */
  series: z.string().min(1).max(250),
  step: z.int(),
  /** Fractional: 1.5 is half-way through the second epoch. */
  epoch: z.number(),
  /** Since the run started. */
  timeMs: z.number(),
  /** Null stands for NaN or infinity. */
  value: z.number().nullable()
})
export type MetricPoint = z.infer<typeof metricPointSchema>

/** A validation image that the model gets wrong at this moment. */
export const liveMistakeSchema = z.object({
  imageId: z.int(),
  truth: z.string(),
  predicted: z.string(),
  confidence: z.number()
})
export type LiveMistake = z.infer<typeof liveMistakeSchema>

export const runProgressSchema = z.object({
  /** `features`: frozen pass over the images; `head`, `finetune`: training; `evaluate`: the test split. */
  phase: runPhaseSchema,
  done: z.number(),
  total: z.number(),
  /** Seconds until the run ends, or null while unknown. */
  etaSeconds: z.number().nullable(),
  imagesPerSecond: z.number().nullable()
})
export type RunProgress = z.infer<typeof runProgressSchema>

/** What a watcher of a run receives: a snapshot first, then only what changed, at most ten times a second. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    run: runSchema,
    points: z.array(metricPointSchema),
    progress: runProgressSchema.nullable(),
    mistakes: z.array(liveMistakeSchema)
  }),
  z.object({ type: z.literal('run'), run: runSchema }),
  z.object({ type: z.literal('points'), points: z.array(metricPointSchema) }),
  z.object({ type: z.literal('progress'), progress: runProgressSchema }),
  z.object({ type: z.literal('mistakes'), mistakes: z.array(liveMistakeSchema) })
])
export type RunEvent = z.infer<typeof runEventSchema>
