/** The models worker: brings one backbone into a folder, then it ends. What it reads may be hostile; only this process meets it. */
import { z } from 'zod'
import { INPUT_SIDES } from '../domain/architectures'
import { speedMeasurementSchema } from '../domain/device'
import { runtimeLocationSchema, workerFailedSchema } from './common'

export const modelSourceSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file'),
    path: z.string(),
    /** Id of the built-in architecture to match the weights onto; null: told by the file. */
    architecture: z.string().nullable(),
    /** Run the file as it is, frozen, rather than as its trainable twin. */
    asIs: z.boolean()
  }),
  z.object({
    type: z.literal('package'),
    /** Id of an offer (see shared/domain/backbone-offers). */
    offer: z.string()
  }),
  /** An architecture with weights that were never trained. */
  z.object({
    type: z.literal('random'),
    architecture: z.string(),
    seed: z.int().min(0),
    /** Side of the pictures it is built for, pixels; null: the architecture's own. */
    size: z.int().min(INPUT_SIDES.least).max(INPUT_SIDES.most).nullable()
  })
])
export type ModelSource = z.infer<typeof modelSourceSchema>

export const modelJobSchema = z.object({
  source: modelSourceSchema,
  /** Exists and is empty. Gets one sub-folder, named by the backbone's id; the studio takes it over, or deletes it. */
  directory: z.string(),
  /** Exists and is empty, on the same disk: for whatever is needed on the way. */
  scratch: z.string(),
  /** The name that the user gave, or null. */
  name: z.string().nullable(),
  /** Null while TensorFlow is not prepared: a SavedModel cannot be run then, to compare with. */
  runtime: runtimeLocationSchema.nullable(),
  threads: z.int().min(1)
})
export type ModelJob = z.infer<typeof modelJobSchema>

export const modelsRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), job: modelJobSchema }),
  z.object({ type: z.literal('stop') })
])
export type ModelsRequest = z.infer<typeof modelsRequestSchema>

export const modelsMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), phase: z.string(), done: z.number(), total: z.number() }),
  z.object({
    type: z.literal('finished'),
    /** The name of the folder that was written; null when it was stopped. */
    backboneId: z
      .string()
      .regex(/^[a-z\d][\w.-]*$/)
      .nullable(),
    /** Its speed, as far as it could be measured. */
    measurements: z.array(speedMeasurementSchema)
  }),
  workerFailedSchema
])
export type ModelsMessage = z.infer<typeof modelsMessageSchema>
