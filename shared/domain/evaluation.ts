/** What a finished run gets right and wrong on one split. */
import { z } from 'zod'
import { imageRecordSchema, splitSchema } from './dataset'
import { imageTraitSchema } from './image-trait'

export const classMetricsSchema = z.object({
  label: z.string(),
  /** NaN-free: 0 where the class was never predicted (precision) or never present (recall). */
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.int()
})
export type ClassMetrics = z.infer<typeof classMetricsSchema>

export const evaluationSchema = z.object({
  runId: z.string(),
  split: splitSchema,
  classes: z.array(z.string()),
  /** Rows are the truth, columns the guess; counts. */
  confusion: z.array(z.array(z.int())),
  perClass: z.array(classMetricsSchema),
  count: z.int(),
  accuracy: z.number(),
  /** 95 % Wilson score interval of the accuracy. */
  interval: z.tuple([z.number(), z.number()]),
  /** Mean cross-entropy, nats, without label smoothing. */
  loss: z.number(),
  macroF1: z.number()
})
export type Evaluation = z.infer<typeof evaluationSchema>

export const guessSchema = z.object({ label: z.string(), probability: z.number() })
export type Guess = z.infer<typeof guessSchema>

export const predictionSchema = z.object({
  image: imageRecordSchema,
  truth: z.string(),
  predicted: z.string(),
  /** Probability of the predicted class. */
  confidence: z.number(),
  correct: z.boolean(),
  /** The five most probable classes, best first. */
  top: z.array(guessSchema)
})
export type Prediction = z.infer<typeof predictionSchema>

export const predictionFilterSchema = z.object({
  split: splitSchema.default('test'),
  truth: z.string().optional(),
  predicted: z.string().optional(),
  wrongOnly: z.boolean().optional(),
  /** Only images with this trait. */
  trait: imageTraitSchema.optional(),
  /** Of the mistakes, and of what is right, which come first; the surest mistakes when left out. */
  order: z.enum(['most-telling', 'least-sure']).optional()
})
export type PredictionFilter = z.infer<typeof predictionFilterSchema>
