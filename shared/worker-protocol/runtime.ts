/** The runtime worker: prepares the TensorFlow runtime in the cache folder, once. */
import { z } from 'zod'
import { runtimeLocationSchema, workerFailedSchema } from './common'

export const runtimeRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), cacheDirectory: z.string(), flavour: z.enum(['cpu', 'gpu']) }),
  z.object({ type: z.literal('stop') })
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
  workerFailedSchema
])
export type RuntimeMessage = z.infer<typeof runtimeMessageSchema>
