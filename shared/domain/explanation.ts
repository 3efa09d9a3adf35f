/**
 * Why one run is better than another, by experiment: the settings in which they differ are grouped into factors, configurations
 * between the two are trained on several seeds, and the gap is divided among the factors.
 *
 * A factor's contribution is the mean of what it changes when it is switched first, all else as in A, and when it is switched
 * last, all else as in B. For two factors that is the Shapley value; for more, what the contributions leave of the gap is what
 * only three or more factors do together (in the ±1 coding of a two-level factorial design, effects of even order have no part
 * in the difference between the two corners: Box, Hunter & Hunter 2005, chapter 5). It is the interaction, and has a bar of its
 * own. Shapley values (Shapley 1953), which divide it among the factors, are given beside it where they could be measured.
 */
import { z } from 'zod'
import { errorDataSchema } from '../errors'

/** The founding article's four causes, and what is no recipe's doing: other data, another seed. */
export const gapCauseSchema = z.enum(['preprocessing', 'training', 'model', 'device', 'data', 'seed'])
export type GapCause = z.infer<typeof gapCauseSchema>

/** Instead of a second run: the recommended configuration for the dataset. */
export const BEST_PRACTICE = 'best-practice'

/** With its 95 % interval; the ends are null where too little was measured to give one (times of a single seed). */
export const estimateSchema = z.object({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable()
})
export type Estimate = z.infer<typeof estimateSchema>

const settingValueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

export const gapSettingSchema = z.object({
  /** Dotted key, as in the configuration. */
  key: z.string(),
  from: settingValueSchema,
  to: settingValueSchema
})
export type GapSetting = z.infer<typeof gapSettingSchema>

export const gapFactorSchema = z.object({
  id: z.string(),
  cause: gapCauseSchema,
  label: z.string(),
  /** What it is in A and in B, in a few words. */
  from: z.string(),
  to: z.string(),
  settings: z.array(gapSettingSchema),
  /** False: it cannot be switched on this machine or on the images as they are now; it has what the others leave. */
  switchable: z.boolean(),
  /** Share of right answers on the test images, B's less A's; null: not measured yet. */
  accuracy: estimateSchema.nullable(),
  /** Of training. */
  seconds: estimateSchema.nullable(),
  /** Means over the seeds: switched alone in A, and switched alone back in B (with the sign of A → B). */
  alone: z.number().nullable(),
  last: z.number().nullable(),
  /** The contribution with the interaction divided among the factors; null where it was not measured. */
  shapley: estimateSchema.nullable()
})
export type GapFactor = z.infer<typeof gapFactorSchema>

export const gapExperimentSchema = z.object({
  /** SHA-256 of all that its result follows from: two explanations share it. */
  id: z.string(),
  /** Ids of the factors that are as in B. */
  factors: z.array(z.string()),
  seed: z.int(),
  state: z.enum(['planned', 'running', 'done', 'failed']),
  /** On the test images. */
  accuracy: z.number().nullable(),
  /** Of training, without the features. */
  seconds: z.number().nullable(),
  /** The result was there: of another explanation, or of one of the two runs. */
  cached: z.boolean(),
  /** The loss was no number any more: it counts as naming the most frequent class every time. */
  diverged: z.boolean(),
  /** Why it failed. */
  error: z.string().nullable()
})
export type GapExperiment = z.infer<typeof gapExperimentSchema>

/** `shapley`: of every combination. `permutation`: of random orders of the factors. `one-at-a-time`: both ends only, without Shapley values. */
export const gapMethodSchema = z.enum(['shapley', 'permutation', 'one-at-a-time'])
export type GapMethod = z.infer<typeof gapMethodSchema>

export const explanationStateSchema = z.enum(['queued', 'running', 'completed', 'stopped', 'interrupted', 'failed'])
export type ExplanationState = z.infer<typeof explanationStateSchema>

const pairOf = <T extends z.ZodType>(schema: T) => z.object({ accuracy: schema, seconds: schema })

export const explanationSchema = z.object({
  id: z.string(),
  datasetId: z.string(),
  datasetName: z.string(),
  /** Run ids; b may be BEST_PRACTICE. */
  a: z.string(),
  b: z.string(),
  aName: z.string(),
  bName: z.string(),
  state: explanationStateSchema,
  budgetSeconds: z.number(),
  /** Of the budget. */
  spentSeconds: z.number(),
  /** Until it ends, by the experiments so far and at most what the budget leaves; null while unknown. */
  remainingSeconds: z.number().nullable(),
  seeds: z.array(z.int()),
  /** Images that every experiment was tested on. */
  testImages: z.int(),
  factors: z.array(gapFactorSchema),
  /** What was found of the two runs themselves; null where one has no test. */
  measured: z.object({ a: pairOf(z.number().nullable()), b: pairOf(z.number().nullable()) }),
  /** Where the waterfall begins and ends. */
  ends: z.object({ a: pairOf(z.number().nullable()), b: pairOf(z.number().nullable()) }),
  gap: pairOf(estimateSchema.nullable()),
  interaction: pairOf(estimateSchema.nullable()),
  experiments: z.array(gapExperimentSchema),
  /** Of what has been measured so far. */
  method: gapMethodSchema,
  /** Sentences about what was grouped or could not be switched, and why. */
  notes: z.array(z.string()),
  /** The result in one or two sentences. */
  verdict: z.string(),
  error: errorDataSchema.nullable(),
  createdAt: z.int(),
  endedAt: z.int().nullable()
})
export type Explanation = z.infer<typeof explanationSchema>

/** A row of the list of explanations. */
export const explanationSummarySchema = explanationSchema.pick({
  id: true,
  datasetName: true,
  a: true,
  b: true,
  aName: true,
  bName: true,
  state: true,
  verdict: true,
  createdAt: true,
  endedAt: true
})
export type ExplanationSummary = z.infer<typeof explanationSummarySchema>

/** What is told to whoever watches: all of it, at once and after each change; what goes on now beside it. */
export const explanationEventSchema = z.object({
  explanation: explanationSchema,
  /** Of the experiment that runs, in a few words; empty when none does. */
  phase: z.string()
})
export type ExplanationEvent = z.infer<typeof explanationEventSchema>

/** Seconds: ten at least, a day at most. */
export const budgetSchema = z.number().min(10).max(86_400)
export const DEFAULT_BUDGET_SECONDS = 600
export const DEFAULT_SEEDS = 3

export const explainRequestSchema = z.object({
  a: z.string().min(1),
  b: z.string().min(1),
  budgetSeconds: budgetSchema.default(DEFAULT_BUDGET_SECONDS),
  seeds: z.int().min(1).max(20).default(DEFAULT_SEEDS)
})
export type ExplainRequest = z.infer<typeof explainRequestSchema>

export const isOver = (state: ExplanationState): boolean => state !== 'queued' && state !== 'running'
