/** What computes: the ladder of executors, what was found, and why not a better one. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'
import { executorIdSchema } from './backbone'

const rungIdSchema = z.enum(['tensorflow-gpu', 'tensorflow-cpu', 'onnxruntime', 'wasm'])
export type RungId = z.infer<typeof rungIdSchema>

const rungSchema = z.object({
  id: rungIdSchema,
  name: z.string(),
  /** `offered`: it could be had, if the user asks; `preparing`: on its way. */
  state: z.enum(['active', 'available', 'preparing', 'offered', 'unavailable']),
  /** What it is and what it can do here, in one line. */
  detail: z.string(),
  /** Why it is not reached, and what cures it; null when it is. */
  reason: z.string().nullable(),
  remedy: z.string().nullable()
})
export type Rung = z.infer<typeof rungSchema>

/** The TensorFlow runtime that Whetstone prepares in the user's cache folder. */
const runtimeStatusSchema = z.object({
  state: z.enum(['absent', 'preparing', 'ready', 'failed']),
  flavour: z.enum(['cpu', 'gpu']),
  version: z.string(),
  /** What is going on, in a few words. */
  phase: z.string().nullable(),
  /** 0–1 over everything that preparing takes. */
  progress: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  error: errorDataSchema.nullable()
})
export type RuntimeStatus = z.infer<typeof runtimeStatusSchema>

const gpuSchema = z.object({
  name: z.string(),
  memoryBytes: z.int().nullable(),
  driver: z.string().nullable(),
  computeCapability: z.string().nullable()
})

/** Why the GPU, or what might be one, does not compute. */
export const gpuObstacleSchema = z.object({
  code: z.enum([
    'platform',
    'no-driver',
    'driver-unreachable',
    'driver-too-old',
    'compute-capability',
    'memory',
    'not-prepared',
    'no-cuda-library',
    'unknown'
  ]),
  /** A sentence. */
  reason: z.string(),
  /** What cures it; null where nothing does. */
  remedy: z.string().nullable()
})
export type GpuObstacle = z.infer<typeof gpuObstacleSchema>

export const deviceReportSchema = z.object({
  cpu: z.object({
    model: z.string(),
    threads: z.int(),
    memoryBytes: z.int(),
    /** Whether it multiplies bfloat16 itself; left out before the machine was looked at. */
    bfloat16: z.boolean().optional()
  }),
  gpu: gpuSchema.nullable(),
  /** Null while the GPU computes, and before the machine was looked at. */
  gpuObstacle: gpuObstacleSchema.nullable().default(null),
  /** What was looked for, in order, and what came of it. */
  probes: z.array(z.object({ what: z.string(), found: z.boolean(), result: z.string() })),
  /** Best rung first. */
  ladder: z.array(rungSchema),
  /** What runs the frozen part and what trains now; null: no fine-tuning yet. */
  frozen: executorIdSchema,
  training: z.enum(['tensorflow']).nullable(),
  /** One line for the status bar, for example 'TensorFlow 2.21 · CPU, 2 threads'. */
  summary: z.string(),
  /** Why nothing better, for the status bar; null when the best rung is active. */
  why: z.string().nullable(),
  runtime: runtimeStatusSchema
})
export type DeviceReport = z.infer<typeof deviceReportSchema>

/** How fast an executor multiplies matrices of 1,024 × 1,024 float32 numbers. */
export const productSpeedSchema = z.object({
  executor: executorIdSchema,
  device: z.string(),
  threads: z.int(),
  /** Billions of floating-point operations a second, a multiplication and an addition counting as two. */
  gigaflops: z.number()
})
export type ProductSpeed = z.infer<typeof productSpeedSchema>

export const speedMeasurementSchema = z.object({
  backboneId: z.string(),
  executor: executorIdSchema,
  device: z.string(),
  batchSize: z.int(),
  imagesPerSecond: z.number(),
  msPerImage: z.number()
})
export type SpeedMeasurement = z.infer<typeof speedMeasurementSchema>

/** What this machine does: the product of matrices, and three backbones of different size. */
export const deviceBenchmarkSchema = z.object({
  products: z.array(productSpeedSchema),
  backbones: z.array(speedMeasurementSchema)
})
export type DeviceBenchmark = z.infer<typeof deviceBenchmarkSchema>
