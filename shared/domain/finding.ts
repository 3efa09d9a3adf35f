/** A finding: something worth knowing about a dataset or a run, in one sentence, with its evidence. */
import { z } from 'zod'

export const severitySchema = z.enum(['info', 'warning', 'severe'])

export const findingSchema = z.object({
  /** `area/what`, for example `dataset/class-too-small`. */
  code: z.string(),
  severity: severitySchema,
  title: z.string(),
  evidence: z.string().optional(),
  /** How many images or classes it concerns, where that means something. */
  count: z.int().optional(),
  /** The class it concerns, so that a click can filter by it. */
  label: z.string().optional()
})
export type Finding = z.infer<typeof findingSchema>
