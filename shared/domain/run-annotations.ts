/** What is written on a run besides what its training did: by the user, by an import, by a later calibration. */
import { z } from 'zod'

/** One value of a setting or a fact, as a table cell holds it. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
export type Scalar = z.infer<typeof scalarSchema>

export const tagSchema = z.string().trim().min(1).max(60)

/** Where a run came from that another program trained. Its `config` is the schema's defaults then, and is not shown. */
export const importedRunSchema = z.object({
  source: z.enum(['tensorboard', 'mlflow']),
  /** The folder or file that it was read from. */
  origin: z.string(),
  settings: z.record(z.string(), scalarSchema)
})
export type ImportedRun = z.infer<typeof importedRunSchema>

/** Temperature scaling on the validation split (Guo et al. 2017): probabilities are softmax(logits / temperature). */
export const calibrationSchema = z.object({
  /** 1 where the validation images tell none. */
  temperature: z.number().positive(),
  /** Mean negative log-likelihood of the test images. */
  nllBefore: z.number(),
  nllAfter: z.number(),
  /** Expected calibration error of the test images over 15 bins. */
  eceBefore: z.number(),
  eceAfter: z.number(),
  /** Validation images that it was fitted on. */
  count: z.int()
})
export type Calibration = z.infer<typeof calibrationSchema>

/** A finding of the doctor that the user has read and does not want to be told again. */
export const ignoredFindingSchema = z.object({ code: z.string(), note: z.string(), at: z.int() })
export type IgnoredFinding = z.infer<typeof ignoredFindingSchema>

/** Part of the run's own schema. What a run from before these were kept lacks has the value of a new run. */
export const runAnnotationsShape = {
  tags: z.array(tagSchema).default([]),
  notes: z.string().default(''),
  starred: z.boolean().default(false),
  /** Out of the list, not out of the comparisons. */
  archivedAt: z.int().nullable().default(null),
  /** Removed, but not yet for good. */
  removedAt: z.int().nullable().default(null),
  imported: importedRunSchema.nullable().default(null),
  calibration: calibrationSchema.nullable().default(null),
  ignored: z.array(ignoredFindingSchema).default([]),
  /** Id of the run that this one was duplicated from; that run may be gone. */
  parent: z.string().nullable().default(null)
}

const annotationsSchema = z.object(runAnnotationsShape)
export type RunAnnotations = z.infer<typeof annotationsSchema>

/** What nobody has written on yet. */
export const newAnnotations = (): RunAnnotations => annotationsSchema.parse({})
