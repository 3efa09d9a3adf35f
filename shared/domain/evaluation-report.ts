/** What a finished run's probabilities are worth, over one split or one slice of it. */
import { z } from 'zod'
import { evaluationSchema } from './evaluation'
import { imageTraitSchema, reportSliceSchema } from './image-trait'

/** At most this many points are left of a curve that is drawn. */
export const CURVE_POINTS = 200
/** From more classes than this on, the curve of one class comes on demand. */
export const MOST_CLASS_CURVES = 40

/** In ascending order of x, both axes 0–1. */
const pointsSchema = z.array(z.tuple([z.number(), z.number()]))

export const scoreCurveSchema = z.object({
  /** Average precision, or area under the ROC curve; null where the class, or every other, has no image. */
  area: z.number().nullable(),
  points: pointsSchema
})
export type ScoreCurve = z.infer<typeof scoreCurveSchema>

/** One class against all others. */
export const classCurvesSchema = z.object({
  /** x: recall, y: precision. */
  precisionRecall: scoreCurveSchema,
  /** x: false positive rate, y: true positive rate. */
  roc: scoreCurveSchema
})
export type ClassCurves = z.infer<typeof classCurvesSchema>

export const reliabilityBinSchema = z.object({
  /** Bounds of the confidences in it. */
  low: z.number(),
  high: z.number(),
  count: z.int(),
  /** Mean confidence and share of right guesses; 0 in an empty bin. */
  confidence: z.number(),
  accuracy: z.number()
})
export type ReliabilityBin = z.infer<typeof reliabilityBinSchema>

export const reliabilitySchema = z.object({
  /** Expected calibration error over 15 equal bins (Guo et al. 2017). */
  error: z.number(),
  /** Mean cross-entropy, nats. */
  loss: z.number(),
  bins: z.array(reliabilityBinSchema)
})
export type Reliability = z.infer<typeof reliabilitySchema>

export const coveragePointSchema = z.object({
  /** Images whose most probable class has at least this probability are answered; the others are 'unknown'. */
  threshold: z.number(),
  /** Share of the images that is answered. */
  coverage: z.number(),
  /** Share of the answers that is right. */
  accuracy: z.number()
})
export type CoveragePoint = z.infer<typeof coveragePointSchema>

export const traitScoreSchema = z.object({
  trait: imageTraitSchema,
  count: z.int(),
  accuracy: z.number(),
  /** 95 % Wilson score interval. */
  interval: z.tuple([z.number(), z.number()])
})
export type TraitScore = z.infer<typeof traitScoreSchema>

export const reportRequestSchema = z.object({
  runId: z.string(),
  split: z.enum(['validation', 'test']).default('test'),
  slice: reportSliceSchema.default({})
})

export const evaluationReportSchema = z.object({
  slice: reportSliceSchema,
  evaluation: evaluationSchema,
  /** Images of the whole split, and the share of them that is right. */
  splitCount: z.int(),
  splitAccuracy: z.number(),
  /** Whether the classes' own curves are in it; otherwise their areas are, and their points come on demand. */
  complete: z.boolean(),
  curves: z.object({
    macro: classCurvesSchema,
    micro: classCurvesSchema,
    /** In the order of `evaluation.classes`. */
    classes: z.array(classCurvesSchema)
  }),
  calibration: z.object({
    before: reliabilitySchema,
    /** With the run's temperature; null while it has none. */
    after: reliabilitySchema.nullable(),
    temperature: z.number().nullable()
  }),
  /** Ascending thresholds, of the probabilities after temperature scaling where the run has one. */
  coverage: z.array(coveragePointSchema),
  /** Share of images whose class is among the k most probable; k from 1, at most ten. */
  topK: z.array(z.number()),
  /** Of the split, or of the slice's class; those that no image has are left out. */
  traits: z.array(traitScoreSchema)
})
export type EvaluationReport = z.infer<typeof evaluationReportSchema>
