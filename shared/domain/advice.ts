/** Which backbone is worth its time on a dataset: accuracy of a head on each one's features against milliseconds a picture. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'
import { executorIdSchema } from './backbone'
import { budgetSchema, explanationStateSchema } from './explanation'

/** `screened`: on part of the pictures. `confirmed`: on all of them. */
export const adviceStageSchema = z.enum(['waiting', 'running', 'screened', 'confirmed', 'failed'])
export type AdviceStage = z.infer<typeof adviceStageSchema>

/** Of the stage's test images; the interval is Wilson's, two-sided 95 %. */
const accuracySchema = z.object({ value: z.number(), low: z.number(), high: z.number() })

export const advicePointSchema = z.object({
  backboneId: z.string(),
  name: z.string(),
  /** Side of its pictures. */
  size: z.int(),
  parameters: z.int().nullable(),
  stage: adviceStageSchema,
  accuracy: accuracySchema.nullable(),
  /** Test images that `accuracy` is of. */
  testImages: z.int(),
  /** Of the frozen network, measured now and here. */
  msPerImage: z.number().nullable(),
  executor: executorIdSchema.nullable(),
  /** No other one is at least as accurate and at least as fast. */
  frontier: z.boolean(),
  /** Against the most accurate one on the same test images: accuracy lost (paired bootstrap, 95 %), and how many times as fast. */
  loss: z.object({ value: z.number(), low: z.number(), high: z.number(), speedup: z.number() }).nullable(),
  /** Why it could not be tried. */
  error: z.string().nullable()
})
export type AdvicePoint = z.infer<typeof advicePointSchema>

export const adviceSchema = z.object({
  id: z.string(),
  datasetId: z.string(),
  datasetName: z.string(),
  /** Of the dataset when it was asked for. */
  datasetHash: z.string(),
  state: explanationStateSchema,
  budgetSeconds: z.number(),
  spentSeconds: z.number(),
  /** Until it ends; null while unknown. */
  remainingSeconds: z.number().nullable(),
  /** Pictures that were screened on (null: all at once), and all there are. */
  screenImages: z.int().nullable(),
  images: z.int(),
  /** Fastest first; those whose speed is unknown last. */
  points: z.array(advicePointSchema),
  /** What the smaller ones lose, and how much faster they are. */
  sentence: z.string(),
  /** What was left out, and why. */
  notes: z.array(z.string()),
  error: errorDataSchema.nullable(),
  createdAt: z.int(),
  endedAt: z.int().nullable()
})
export type Advice = z.infer<typeof adviceSchema>

/** All of it, at once and after each change; what goes on now beside it. */
export const adviceEventSchema = z.object({ advice: adviceSchema, phase: z.string() })
export type AdviceEvent = z.infer<typeof adviceEventSchema>

export const DEFAULT_ADVICE_SECONDS = 300

export const adviceRequestSchema = z.object({
  datasetId: z.string().min(1),
  budgetSeconds: budgetSchema.default(DEFAULT_ADVICE_SECONDS)
})
export type AdviceRequest = z.infer<typeof adviceRequestSchema>
