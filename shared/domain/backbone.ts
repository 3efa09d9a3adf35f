/** Backbones: pretrained networks that turn a picture into features. */
import { z } from 'zod'
import { preprocessingContractSchema } from './preprocessing'

export const executorIdSchema = z.enum(['tensorflow', 'onnxruntime', 'wasm'])
export type ExecutorId = z.infer<typeof executorIdSchema>

export const parityCheckSchema = z.object({
  /** The two routes that were compared, for example 'layers and ONNX'. */
  between: z.string(),
  /** Largest absolute difference of any output over the probe batch. */
  maxDifference: z.number(),
  tolerance: z.number(),
  passed: z.boolean()
})
export type ParityCheck = z.infer<typeof parityCheckSchema>

export const backboneSchema = z.object({
  id: z.string(),
  name: z.string(),
  family: z.string(),
  origin: z.enum(['embedded', 'imported']),
  /** Count of weights of the feature extractor (without the ImageNet top). */
  parameters: z.int(),
  /** Multiply-adds for one image. */
  multiplyAdds: z.int(),
  /** Size of the weight files. */
  bytes: z.int(),
  featureWidth: z.int(),
  contract: preprocessingContractSchema,
  license: z.string(),
  source: z.string(),
  /** Names of the blocks, first to last: what 'unfreeze the last n' counts. */
  blocks: z.array(z.string()),
  /** SHA-256 of the weights. */
  weightsHash: z.string(),
  parity: parityCheckSchema.nullable(),
  /** Measured on this machine, or null while it has not been. */
  speed: z
    .object({
      imagesPerSecond: z.number(),
      msPerImage: z.number(),
      executor: executorIdSchema,
      batchSize: z.int(),
      measuredAt: z.int()
    })
    .nullable()
})
export type Backbone = z.infer<typeof backboneSchema>

/** `backbone.json` beside a backbone's weights: all that is known of it before it has run on this machine. */
export const backboneDescriptionSchema = backboneSchema.omit({ origin: true, parity: true, speed: true })
export type BackboneDescription = z.infer<typeof backboneDescriptionSchema>
