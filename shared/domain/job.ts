/** Jobs: whatever takes long. Each has a line in the status bar's list, with progress, an ETA and a way to stop. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'

export const jobKindSchema = z.enum([
  'import',
  'train',
  'predict',
  'export',
  'runtime',
  'measure',
  'backbone',
  'explain',
  'advise',
  'doctor'
])
export type JobKind = z.infer<typeof jobKindSchema>

export const jobSchema = z.object({
  id: z.string(),
  kind: jobKindSchema,
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled', 'paused']),
  /** What is going on, in a few words. */
  phase: z.string(),
  done: z.number(),
  /** 0 while unknown. */
  total: z.number(),
  etaSeconds: z.number().nullable(),
  stoppable: z.boolean(),
  /** What it works on, so that a click leads there. */
  runId: z.string().nullable(),
  datasetId: z.string().nullable(),
  /** Of a job that brings a backbone: known once it is there. */
  backboneId: z.string().nullable(),
  error: errorDataSchema.nullable(),
  startedAt: z.int(),
  endedAt: z.int().nullable()
})
export type Job = z.infer<typeof jobSchema>
