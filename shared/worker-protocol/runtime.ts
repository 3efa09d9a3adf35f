/** The runtime worker: prepares the TensorFlow runtime in the cache folder, and looks at what this machine can compute with. */
import { z } from 'zod'
import { deviceReportSchema } from '../domain/device'
import { errorDataSchema } from '../errors'
import { runtimeLocationSchema, workerFailedSchema } from './common'

/** An executor that was really loaded, or why it does not load. */
const loadResultSchema = z.discriminatedUnion('loads', [
  z.object({ loads: z.literal(true), version: z.string(), /** 'CPU', or the GPU's name. */ device: z.string() }),
  z.object({ loads: z.literal(false), error: errorDataSchema })
])

/** What of TensorFlow there is for one flavour. */
const flavourFactsSchema = z.object({
  /** Null while it is not prepared. */
  location: runtimeLocationSchema.nullable(),
  /** What preparing it fetches. */
  bytes: z.int(),
  /** Why it cannot be prepared on this machine; null when it can. */
  unsupported: errorDataSchema.nullable()
})

/** What the probe found; the devices service makes the report from it. */
const machineFactsSchema = z.object({
  ...deviceReportSchema.pick({ cpu: true, gpu: true, probes: true }).shape,
  /** Version of TensorFlow that this studio prepares. */
  tensorflowVersion: z.string(),
  flavours: z.object({ cpu: flavourFactsSchema, gpu: flavourFactsSchema }),
  /** Null: not prepared, or not asked for. */
  tensorflow: loadResultSchema.nullable(),
  onnxruntime: loadResultSchema,
  wasm: loadResultSchema,
  /** What TensorFlow said on standard error while it was loaded: why it left a GPU alone is told nowhere else. */
  log: z.string().default('')
})
export type MachineFacts = z.infer<typeof machineFactsSchema>

/**
 * Whether a probe loads TensorFlow: `unless-known` takes the word of an earlier one for it, `never` leaves it alone, because loading
 * it ended an earlier probe.
 */
const loadWishSchema = z.enum(['always', 'unless-known', 'never'])
export type LoadWish = z.infer<typeof loadWishSchema>

export const runtimeRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), cacheDirectory: z.string(), flavour: z.enum(['cpu', 'gpu']) }),
  z.object({ type: z.literal('stop') }),
  z.object({
    type: z.literal('probe'),
    cacheDirectory: z.string(),
    load: loadWishSchema
  })
])
export type RuntimeRequest = z.infer<typeof runtimeRequestSchema>

export const runtimeMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.string(),
    /** 0–1 over everything. */
    progress: z.number(),
    etaSeconds: z.number().nullable()
  }),
  z.object({ type: z.literal('ready'), location: runtimeLocationSchema, gpu: z.boolean() }),
  /** The answer to `probe`; the worker ends after it. */
  z.object({ type: z.literal('probed'), facts: machineFactsSchema }),
  workerFailedSchema
])
export type RuntimeMessage = z.infer<typeof runtimeMessageSchema>
