/** The train worker: one process for one run, ended with it. */
import { z } from 'zod'
import { splitSchema } from '../domain/dataset'
import { findingSchema } from '../domain/finding'
import { preprocessingContractSchema } from '../domain/preprocessing'
import { rangeTestSchema } from '../domain/range-test'
import {
  liveMistakeSchema,
  metricPointSchema,
  runCheckpointSchema,
  runEnvironmentSchema,
  runProgressSchema,
  runSchema
} from '../domain/run'
import { trainingConfigSchema } from '../domain/training-config'
import { runtimeLocationSchema, workerFailedSchema } from './common'

export const labelledImageSchema = z.object({
  id: z.int(),
  /** Relative to the dataset's root. */
  path: z.string(),
  hash: z.string(),
  classIndex: z.int(),
  split: splitSchema
})
export type LabelledImage = z.infer<typeof labelledImageSchema>

export const trainJobSchema = z.object({
  runId: z.string(),
  /** The run's own folder: `checkpoint.safetensors` and `predictions.safetensors` are written here. */
  directory: z.string(),
  /** Folders of backbones: the embedded ones, then the imported ones. */
  backbonesDirectories: z.array(z.string()),
  /** Folder of the feature cache. */
  featureCacheDirectory: z.string(),
  /** Folder of decoded pictures; null: none are kept. */
  decodedDirectory: z.string().nullable().default(null),
  datasetRoot: z.string(),
  classes: z.array(z.string()),
  images: z.array(labelledImageSchema),
  config: trainingConfigSchema,
  /** The contract in force: the backbone's own, or the override of the configuration. */
  contract: preprocessingContractSchema,
  /** Null while TensorFlow is not prepared: then only heads train. */
  runtime: runtimeLocationSchema.nullable(),
  /** Why TensorFlow or a GPU is not used, for the run's environment. */
  fallback: z.string().nullable(),
  threads: z.int().min(1),
  /** Content hash of the dataset. */
  datasetHash: z.string(),
  /** The run whose best epoch this one begins from; `file` null: it left no weights, and this one begins anew. */
  startFrom: z.object({ name: z.string(), file: z.string().nullable() }).nullable().optional(),
  checkpoints: z.object({
    /** Their folder, inside the run's own. */
    directory: z.string(),
    /** Go on from the newest one that is whole; false: begin anew. */
    resume: z.boolean(),
    /** Shortest time between two; they are rarer where writing one takes long. */
    everySeconds: z.number().min(0)
  })
})
export type TrainJob = z.infer<typeof trainJobSchema>

export const trainRequestSchema = z.discriminatedUnion('type', [
  /** A job is to come, probably on this backbone: what can be loaded already, is. */
  z.object({ type: z.literal('expect'), backbonesDirectories: z.array(z.string()), backboneId: z.string() }),
  /** The job lies in a JSON file: large arrays do not travel over ports. */
  z.object({ type: z.literal('start'), jobFile: z.string() }),
  /** A learning rate range test with the job's configuration, instead of a run. */
  z.object({ type: z.literal('range-test'), jobFile: z.string() }),
  /** End cleanly after this step, keeping the best checkpoint. */
  z.object({ type: z.literal('stop') }),
  /** End after this step with a checkpoint to go on from. A run that only has its test before it comes to its end instead. */
  z.object({ type: z.literal('pause') })
])
export type TrainRequest = z.infer<typeof trainRequestSchema>

export const trainMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('environment'), environment: runEnvironmentSchema }),
  z.object({ type: z.literal('progress'), progress: runProgressSchema }),
  /**
   * The run goes on from a checkpoint; null: from its beginning, there being none. `points` are all of its points up to there:
   * whatever else was told before is void.
   */
  z.object({
    type: z.literal('resumed'),
    checkpoint: runCheckpointSchema.nullable(),
    epochsDone: z.int(),
    best: runSchema.shape.best,
    points: z.array(metricPointSchema)
  }),
  /** A checkpoint is on the disk, whole. */
  z.object({ type: z.literal('checkpoint'), checkpoint: runCheckpointSchema }),
  /** At most ten messages a second; every point is in exactly one of them. */
  z.object({ type: z.literal('points'), points: z.array(metricPointSchema) }),
  z.object({ type: z.literal('epoch'), epochsDone: z.int(), best: runSchema.shape.best }),
  z.object({ type: z.literal('mistakes'), mistakes: z.array(liveMistakeSchema) }),
  z.object({ type: z.literal('finding'), finding: findingSchema }),
  /** All that the doctor finds in the training now: whatever he said before and is not among them no longer holds. */
  z.object({ type: z.literal('findings'), findings: z.array(findingSchema) }),
  /** Of a range test: the curve as far as it has come. After the last, whole one comes a `finished` without files. */
  z.object({ type: z.literal('range-test'), test: rangeTestSchema }),
  z.object({
    type: z.literal('finished'),
    outcome: z.enum(['completed', 'stopped', 'paused']),
    /** Of a paused run; null: it was paused before its first step, and begins anew when it is resumed. */
    checkpoint: runCheckpointSchema.nullable(),
    epochsDone: z.int(),
    best: runSchema.shape.best,
    seconds: z.object({ features: z.number(), train: z.number() }),
    /** Features that came out of the cache, and that had to be computed. */
    features: z.object({ cached: z.int(), computed: z.int() }),
    /** Safetensors: `imageId` I32 [n], `split` U8 [n] (index into SPLITS), `truth` I32 [n], `probabilities` F32 [n, classes]. */
    predictionsFile: z.string().nullable(),
    checkpointFile: z.string().nullable()
  }),
  workerFailedSchema
])
export type TrainMessage = z.infer<typeof trainMessageSchema>
