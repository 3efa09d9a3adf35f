/** A finding: something worth knowing about a dataset or a run, in one sentence, with its evidence. */
import { z } from 'zod'
import { scalarSchema } from './run-annotations'

export const severitySchema = z.enum(['info', 'warning', 'severe'])

/** A change of the configuration that mends what was found. */
export const repairSchema = z.object({
  /** What the button says. */
  label: z.string(),
  /** Dotted keys of the configuration and their new values; `contract` null: the backbone's own. */
  changes: z.record(z.string(), scalarSchema)
})
export type Repair = z.infer<typeof repairSchema>

export const findingSchema = z.object({
  /** `area/what`, for example `dataset/class-too-small`. */
  code: z.string(),
  severity: severitySchema,
  title: z.string(),
  evidence: z.string().optional(),
  /** How many images or classes it concerns, where that means something. */
  count: z.int().optional(),
  /** The class it concerns, so that a click can filter by it. */
  label: z.string().optional(),
  /** What to do about it, in a sentence. */
  advice: z.string().optional(),
  /** Of a run: what `doctor.applyAndRestart` changes. */
  repair: repairSchema.optional(),
  /** Ids of the images it concerns, where they are few. */
  imageIds: z.array(z.int()).optional()
})
export type Finding = z.infer<typeof findingSchema>
