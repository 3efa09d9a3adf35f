/** Datasets: folders of labelled images, referenced in place. */
import { z } from 'zod'
import { errorCodeSchema } from '../errors'
import { findingSchema } from './finding'

export const splitSchema = z.enum(['train', 'validation', 'test'])
export type Split = z.infer<typeof splitSchema>
export const SPLITS = splitSchema.options

export const datasetSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Absolute path of the imported folder. */
  root: z.string(),
  source: z.enum(['folder', 'sample']),
  /** `importing` until the first import has ended. */
  state: z.enum(['importing', 'ready']),
  imageCount: z.int(),
  classCount: z.int(),
  /** Sum of the file sizes. */
  bytes: z.int(),
  refusedCount: z.int(),
  /** `folders`: the train/validation/test folders of the import decided; `stratified`: drawn here. */
  splitSource: z.enum(['stratified', 'folders']),
  splitSeed: z.int(),
  /** SHA-256 over (path, content hash, label, split) of every image: which version of the data a run saw. */
  contentHash: z.string(),
  findings: z.array(findingSchema),
  createdAt: z.int(),
  updatedAt: z.int()
})
export type Dataset = z.infer<typeof datasetSchema>

export const datasetClassSchema = z.object({
  index: z.int(),
  name: z.string(),
  train: z.int(),
  validation: z.int(),
  test: z.int(),
  total: z.int()
})
export type DatasetClass = z.infer<typeof datasetClassSchema>

export const imageRecordSchema = z.object({
  id: z.int(),
  datasetId: z.string(),
  /** Relative to the dataset's root, with forward slashes. */
  path: z.string(),
  label: z.string(),
  classIndex: z.int(),
  split: splitSchema,
  /** SHA-256 of the file's bytes, hex. */
  hash: z.string(),
  /** Size in pixels after EXIF rotation. */
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
  format: z.string()
})
export type ImageRecord = z.infer<typeof imageRecordSchema>

export const refusedFileSchema = z.object({
  path: z.string(),
  code: errorCodeSchema,
  message: z.string()
})
export type RefusedFile = z.infer<typeof refusedFileSchema>

export const importReportSchema = z.object({
  datasetId: z.string(),
  /** Files looked at, images or not. */
  scanned: z.int(),
  /** Images the dataset holds now. */
  imported: z.int(),
  added: z.int(),
  changed: z.int(),
  removed: z.int(),
  unchanged: z.int(),
  /** Files skipped silently because they are no images by their name (text files, .DS_Store …). */
  ignored: z.int(),
  refused: z.array(refusedFileSchema),
  findings: z.array(findingSchema),
  durationMs: z.number(),
  finishedAt: z.int()
})
export type ImportReport = z.infer<typeof importReportSchema>

export const imageFilterSchema = z.object({
  label: z.string().optional(),
  split: splitSchema.optional(),
  /** Matches a part of the path. */
  search: z.string().optional(),
  /** Only images whose content another image of the dataset shares. */
  duplicatesOnly: z.boolean().optional()
})
export type ImageFilter = z.infer<typeof imageFilterSchema>
