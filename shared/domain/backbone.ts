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

/**
 * How a stored backbone is run. `graph`: as our own network of layers, on any executor, trainable. `onnx` and `saved-model`: as
 * the file it came in, by ONNX Runtime or TensorFlow; frozen.
 */
export const backboneFormSchema = z.enum(['graph', 'onnx', 'saved-model'])
export type BackboneForm = z.infer<typeof backboneFormSchema>

/** Where pictures go into a model of a foreign form, and where features come out. */
export const modelPortsSchema = z.object({
  /** Of a SavedModel; null for ONNX, which has none. */
  signature: z.string().nullable(),
  /** Names as the file has them. */
  input: z.string(),
  output: z.string(),
  /** Order of the axes of the input. */
  layout: z.enum(['NHWC', 'NCHW']),
  /** Side of the square pictures that it takes; null where it takes any. */
  size: z.int().positive().nullable()
})
export type ModelPorts = z.infer<typeof modelPortsSchema>

/** Where an imported backbone came from, what was found out about it on the way, and how sure its contract is. */
export const provenanceSchema = z.object({
  /** `import`: a file that the user had. `fetch`: a package that the studio offers. `random`: weights never trained. */
  how: z.enum(['import', 'fetch', 'random']),
  importedAt: z.int(),
  /** Name of the file or folder, without the place where it lay; of a package, its name and version. */
  file: z.string(),
  /** For people, for example 'Keras HDF5 weights'. */
  sourceFormat: z.string(),
  /** Id of the built-in architecture that the weights were matched onto; null: the network is the file's own. */
  architecture: z.string().nullable(),
  /** What the reader had to leave out or assume. */
  notes: z.array(z.string()),
  contract: z.object({
    /** `architecture`: what the family was trained with. `file`: stated in the file. `proposed`: tried out. `user`: set by hand. */
    from: z.enum(['architecture', 'file', 'proposed', 'user']),
    /** 0–1; null where it is not a matter of trying. */
    certainty: z.number().min(0).max(1).nullable(),
    /** One sentence: what speaks for it. */
    reason: z.string()
  }),
  /** The original's own answer against ours, at import; null when there was nothing to compare with. */
  parity: parityCheckSchema.nullable()
})
export type Provenance = z.infer<typeof provenanceSchema>

export const backboneSchema = z.object({
  id: z.string(),
  name: z.string(),
  family: z.string(),
  origin: z.enum(['embedded', 'imported']),
  form: backboneFormSchema.default('graph'),
  /** Whether it can be fine-tuned; any backbone can carry a head. */
  trainable: z.boolean().default(true),
  /** Count of weights of the feature extractor (without the ImageNet top); null where the form does not tell. */
  parameters: z.int().nullable(),
  /** Multiply-adds for one image; null where the form does not tell. */
  multiplyAdds: z.int().nullable(),
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
  /** Null for the form 'graph', whose nodes say it. */
  ports: modelPortsSchema.nullable().default(null),
  /** Null: it comes with the studio. */
  provenance: provenanceSchema.nullable().default(null),
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

/** A backbone that is not here yet, and that the studio can fetch. */
export const backboneOfferSchema = z.object({
  /** The id that it will have. */
  id: z.string(),
  name: z.string(),
  family: z.string(),
  license: z.string(),
  source: z.string(),
  /** Width and height of its pictures. */
  size: z.int(),
  /** To be downloaded. */
  bytes: z.int(),
  /** Whether it is here already. */
  present: z.boolean()
})
export type BackboneOffer = z.infer<typeof backboneOfferSchema>
