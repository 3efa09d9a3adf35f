/** Two or more runs side by side. */
import { z } from 'zod'
import { evaluationSchema } from './evaluation'
import { runSchema } from './run'

export const settingDifferenceSchema = z.object({
  /** Dotted key of the setting, for example `head.learningRate`, or `dataset`, `backbone`, `device`. */
  key: z.string(),
  /** One value a run, in the order of the runs; null where a run has none. */
  values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
})
export type SettingDifference = z.infer<typeof settingDifferenceSchema>

export const pairTestSchema = z.object({
  a: z.string(),
  b: z.string(),
  /** Test images that both runs have in common. */
  count: z.int(),
  /** Accuracy of b minus accuracy of a over those images. */
  difference: z.number(),
  /** Images that only a, and only b, got right. */
  onlyA: z.int(),
  onlyB: z.int(),
  /** Two-sided exact McNemar test (binomial over the discordant pairs). */
  p: z.number()
})
export type PairTest = z.infer<typeof pairTestSchema>

export const comparisonSchema = z.object({
  runs: z.array(runSchema),
  /** Only the settings that differ. */
  differences: z.array(settingDifferenceSchema),
  /** One a run; null where a run has no test evaluation. */
  evaluations: z.array(evaluationSchema.nullable()),
  /** Whether all runs were tested on the same images. */
  sameTestSet: z.boolean(),
  /** The first run against each other one. */
  tests: z.array(pairTestSchema),
  /** The result in one sentence. */
  verdict: z.string()
})
export type Comparison = z.infer<typeof comparisonSchema>
