/** Pictures on which two runs disagree, among the test images that both have. */
import { z } from 'zod'
import { predictionSchema } from './evaluation'

/** `both-wrong`: both guessed wrongly, and differently. */
export const flipKindSchema = z.enum(['only-a', 'only-b', 'both-wrong'])
export type FlipKind = z.infer<typeof flipKindSchema>
export const FLIP_KINDS = flipKindSchema.options

const countsSchema = z.record(flipKindSchema, z.int())

export const flipRequestSchema = z.object({
  a: z.string(),
  b: z.string(),
  kind: flipKindSchema,
  /** Only images of this class, by its name in `a`. */
  label: z.string().optional()
})
export type FlipRequest = z.infer<typeof flipRequestSchema>

export const flipsSchema = z.object({
  /** Test images that both runs have, by content. */
  common: z.int(),
  /** Test images of each. */
  tested: z.object({ a: z.int(), b: z.int() }),
  /** Images in common that the two runs were told different labels for: each run is held to its own. */
  relabelled: z.int(),
  bothRight: z.int(),
  /** Both guessed the same wrong class. */
  bothWrongAlike: z.int(),
  counts: countsSchema,
  /** The classes (as `a` names them) with any flip, those with most first. */
  classes: z.array(z.object({ label: z.string(), counts: countsSchema })),
  /** Of the kind and label that were asked for. */
  total: z.int(),
  /** The surest wrong answers first. */
  flips: z.array(z.object({ a: predictionSchema, b: predictionSchema }))
})
export type Flips = z.infer<typeof flipsSchema>
