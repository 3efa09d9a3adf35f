/** The infer worker: keeps one finished run loaded; predicts, exports, measures and previews on request. */
import { z } from 'zod'
import { augmentationVariantSchema } from '../domain/augmentation'
import { deviceBenchmarkSchema, speedMeasurementSchema } from '../domain/device'
import { heatMapSchema, heatMethodSchema } from '../domain/heat'
import { exportResultSchema, imagePredictionSchema } from '../domain/prediction'
import { preprocessingContractSchema } from '../domain/preprocessing'
import { augmentationConfigSchema } from '../domain/training-config'
import { errorDataSchema } from '../errors'
import { runtimeLocationSchema } from './common'

const id = z.int()

/** A finished run as the engine needs it. */
export const trainedModelSchema = z.object({
  runId: z.string(),
  runName: z.string(),
  backboneId: z.string(),
  classes: z.array(z.string()),
  contract: preprocessingContractSchema,
  checkpointFile: z.string(),
  /** Logits are divided by it before they become probabilities; 1 in a run that is not calibrated. */
  temperature: z.number().positive().default(1)
})
export type TrainedModel = z.infer<typeof trainedModelSchema>

export const inferRequestSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    /** Folders of backbones: the embedded ones, then the imported ones. */
    backbonesDirectories: z.array(z.string()),
    runtime: runtimeLocationSchema.nullable(),
    threads: z.int().min(1)
  }),
  z.object({ type: z.literal('predict'), id, model: trainedModelSchema, path: z.string() }),
  z.object({ type: z.literal('predict-folder'), id, model: trainedModelSchema, path: z.string() }),
  z.object({
    type: z.literal('export'),
    id,
    model: trainedModelSchema,
    directory: z.string(),
    /** Test images to compare the reloaded export on. */
    probes: z.array(z.string())
  }),
  /** @param quick on what runs it alone, rather than on every executor that is there */
  z.object({ type: z.literal('measure'), id, backboneId: z.string(), quick: z.boolean() }),
  /** How fast every executor that is there is (see engine/inference/benchmark). */
  z.object({ type: z.literal('benchmark'), id }),
  z.object({ type: z.literal('preview'), id, contract: preprocessingContractSchema, path: z.string() }),
  /** Pictures as training would see them: each as it is, then `count` augmented ones. */
  z.object({
    type: z.literal('augment'),
    id,
    contract: preprocessingContractSchema,
    augmentation: augmentationConfigSchema,
    seed: z.int(),
    pictures: z.array(z.object({ imageId: z.int(), path: z.string() })),
    count: z.int()
  }),
  /** Where a run looks in a picture (see engine/inference/heat). */
  z.object({
    type: z.literal('heat'),
    id,
    model: trainedModelSchema,
    path: z.string(),
    /** Null: the most probable one. */
    classIndex: z.int().nullable(),
    method: heatMethodSchema,
    overlay: z.boolean()
  }),
  /** The training images of a run whose features are nearest to an image's (see engine/inference/similar). */
  z.object({
    type: z.literal('similar'),
    id,
    model: trainedModelSchema,
    /** The run's job.json, which lists the images that it was given. */
    jobFile: z.string(),
    /** Of those images: what was read for one run serves another on the same. */
    datasetHash: z.string(),
    featureCacheDirectory: z.string(),
    image: z.object({ id: z.int(), path: z.string(), hash: z.string() }),
    count: z.int()
  }),
  /** Parity of the layers against the ONNX form of a backbone (see engine/backbones). */
  z.object({ type: z.literal('parity'), id, backboneId: z.string() }),
  z.object({ type: z.literal('cancel'), id })
])
export type InferRequest = z.infer<typeof inferRequestSchema>

export const inferMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started') }),
  /** A part of the answer to predict-folder, or the whole of predict; `done` = `total` in the last one. */
  z.object({
    type: z.literal('predictions'),
    id,
    done: z.int(),
    total: z.int(),
    predictions: z.array(imagePredictionSchema)
  }),
  z.object({ type: z.literal('exported'), id, result: exportResultSchema }),
  z.object({ type: z.literal('measured'), id, measurements: z.array(speedMeasurementSchema) }),
  z.object({ type: z.literal('benchmarked'), id, result: deviceBenchmarkSchema }),
  z.object({
    type: z.literal('previewed'),
    id,
    crop: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }),
    seen: z.string(),
    range: z.object({ min: z.number(), max: z.number(), mean: z.number() })
  }),
  z.object({ type: z.literal('augmented'), id, variants: z.array(augmentationVariantSchema) }),
  /** How far a map or a search is that takes long. */
  z.object({ type: z.literal('progress'), id, done: z.int(), total: z.int() }),
  z.object({ type: z.literal('heat'), id, map: heatMapSchema }),
  z.object({
    type: z.literal('similar'),
    id,
    /** The nearest first; `distance` is 1 − cosine. */
    images: z.array(z.object({ id: z.int(), distance: z.number() })),
    compared: z.int(),
    note: z.string().nullable()
  }),
  z.object({ type: z.literal('parity'), id, maxDifference: z.number(), tolerance: z.number(), between: z.string() }),
  z.object({ type: z.literal('failed'), id: id.nullable(), error: errorDataSchema })
])
export type InferMessage = z.infer<typeof inferMessageSchema>
