/** Predictions on pictures that no dataset holds. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'
import { guessSchema } from './evaluation'

export const imagePredictionSchema = z.object({
  /** File name, or path relative to the folder that was given. */
  file: z.string(),
  /** All classes or the five best, most probable first; empty when the file was refused. */
  top: z.array(guessSchema),
  error: errorDataSchema.nullable(),
  /** Decode, preprocess and forward, together. */
  ms: z.number()
})
export type ImagePrediction = z.infer<typeof imagePredictionSchema>

export const exportResultSchema = z.object({
  runId: z.string(),
  directory: z.string(),
  files: z.array(z.string()),
  bytes: z.int(),
  /** Largest difference of any probability between the run and the reloaded export, over `images` test images. */
  parity: z.object({ maxDifference: z.number(), tolerance: z.number(), images: z.int() })
})
export type ExportResult = z.infer<typeof exportResultSchema>
