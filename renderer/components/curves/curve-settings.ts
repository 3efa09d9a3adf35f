/** How curves are shown, for all charts of a group together. */
import { z } from 'zod'
import { bandKindSchema, curveAxisSchema } from '@shared/domain/curves'

export const curveSettingsSchema = z.object({
  axis: curveAxisSchema,
  smoothing: z.number().min(0).max(0.99),
  logX: z.boolean(),
  logY: z.boolean(),
  /** Runs that differ by their seed alone: each for itself, or their mean with the band. */
  seeds: z.union([z.literal('each'), bandKindSchema])
})
export type CurveSettings = z.infer<typeof curveSettingsSchema>

export const DEFAULT_SETTINGS: CurveSettings = { axis: 'epoch', smoothing: 0, logX: false, logY: false, seeds: 'each' }
