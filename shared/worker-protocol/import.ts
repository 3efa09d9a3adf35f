/** The import worker: walks a folder, hashes, measures and thumbnails its images. */
import { z } from 'zod'
import { workerFailedSchema } from './common'

/** One image as the last import left it, so that an unchanged file (same path, size and mtime) is not read again. */
export const knownImageSchema = z.object({
  path: z.string(),
  bytes: z.int(),
  mtimeMs: z.number(),
  hash: z.string(),
  width: z.int(),
  height: z.int(),
  format: z.string()
})
export type KnownImage = z.infer<typeof knownImageSchema>

export const importJobSchema = z.object({
  root: z.string(),
  /** JSON file: KnownImage[]. */
  knownFile: z.string(),
  /** Folder for thumbnails, named by content hash: `ab/abcdef….webp`. */
  thumbnailDirectory: z.string(),
  /** Where to write the ImportScan. */
  resultFile: z.string()
})
export type ImportJob = z.infer<typeof importJobSchema>

/** What the scan found; written to `resultFile` as JSON. */
export const importScanSchema = z.object({
  images: z.array(
    knownImageSchema.extend({
      label: z.string(),
      /** From a train/validation/test folder above the labels, or null. */
      split: z.enum(['train', 'validation', 'test']).nullable(),
      /** `unchanged`: taken from the known list without reading the file. */
      state: z.enum(['added', 'changed', 'unchanged'])
    })
  ),
  refused: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
  scanned: z.int(),
  ignored: z.int()
})
export type ImportScan = z.infer<typeof importScanSchema>

export const importRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), job: importJobSchema }),
  z.object({ type: z.literal('stop') })
])
export type ImportRequest = z.infer<typeof importRequestSchema>

export const importMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), phase: z.string(), done: z.int(), total: z.int() }),
  z.object({ type: z.literal('finished'), outcome: z.enum(['completed', 'stopped']) }),
  workerFailedSchema
])
export type ImportMessage = z.infer<typeof importMessageSchema>
