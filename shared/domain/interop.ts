/** Runs that come from TensorBoard and MLflow, and go there. */
import { z } from 'zod'
import { importedRunSchema } from './run-annotations'

export const foreignSourceSchema = importedRunSchema.shape.source

const readRunSchema = z.object({ id: z.string(), name: z.string(), points: z.int() })

export const interopImportSchema = z.object({
  added: z.array(readRunSchema),
  /** Imported before: their points are those of the files now. */
  updated: z.array(readRunSchema),
  /** What was passed over and why, a sentence each. */
  notes: z.array(z.string())
})
export type InteropImport = z.infer<typeof interopImportSchema>

export const interopExportSchema = z.object({
  /** Absolute, in the order of the runs. */
  folders: z.array(z.string())
})
export type InteropExport = z.infer<typeof interopExportSchema>
