/** Two or more runs side by side. */
import { z } from 'zod'
import { evaluationSchema } from './evaluation'
import { runSchema } from './run'

export const settingDifferenceSchema = z.object({
  /** Dotted key of the setting, for example `head.learningRate`, or `dataset`, `backbone`, `device`. */
  key: z.string(),
  /** What it is about: the images, how they were trained on, or on what. */
  kind: z.enum(['data', 'setting', 'environment']),
  /** One value a run, in the order of the runs; null where a run has none. */
  values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
})
export type SettingDifference = z.infer<typeof settingDifferenceSchema>

/** Two-sided 95 %, and the chance of a difference as large where there is none. */
const evidenceShape = { low: z.number(), high: z.number(), p: z.number() }

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
  /** McNemar's test, two-sided: exact (binomial) below 25 images that only one got right, chi-square with continuity from there on. */
  p: z.number(),
  method: z.enum(['exact', 'chi-square']),
  /** p after Holm's correction for all tests of the same list. */
  corrected: z.number(),
  /** Paired bootstrap over the images. */
  bootstrap: z.object({ difference: z.number(), ...evidenceShape }),
  /** Images that the two guess differently, right or wrong. */
  changed: z.int(),
  /** Images that the two runs were told different labels for: each is held to its own. */
  relabelled: z.int(),
  /** The classes (as b was told them) with any image that only one got right, those with most first. */
  classes: z.array(z.object({ label: z.string(), count: z.int(), onlyA: z.int(), onlyB: z.int() }))
})
export type PairTest = z.infer<typeof pairTestSchema>

/** Runs that are equal in data and settings but for their seeds. */
export const seedGroupSchema = z.object({
  /** Of its first run. */
  name: z.string(),
  runIds: z.array(z.string()),
  seeds: z.array(z.int()),
  /** One a run, over the test images that all compared runs have in common. */
  accuracies: z.array(z.number()),
  mean: z.number()
})
export type SeedGroup = z.infer<typeof seedGroupSchema>

export const groupTestSchema = z.object({
  /** Indices of groups. */
  a: z.int(),
  b: z.int(),
  /** Mean accuracy of b minus mean accuracy of a. */
  difference: z.number(),
  /** Welch's t test on the accuracies; null where a group has one seed only. */
  seeds: z.object({ method: z.enum(['welch', 'paired']), df: z.number(), ...evidenceShape }).nullable(),
  /** Paired bootstrap over the images, each with its mean over a group's seeds. */
  images: z.object({ count: z.int(), ...evidenceShape }),
  /** p of the seeds, or else of the images, after Holm's correction for all tests of the list. */
  corrected: z.number()
})
export type GroupTest = z.infer<typeof groupTestSchema>

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
  /** Each other run against the best one (b); null where fewer than two were tested on images in common. */
  best: z.object({ runId: z.string(), tests: z.array(pairTestSchema) }).nullable(),
  /** Each other group against the best one (b); null where no two runs differ in their seeds alone. */
  seedGroups: z.object({ groups: z.array(seedGroupSchema), tests: z.array(groupTestSchema) }).nullable(),
  /** The result in words. */
  verdict: z.string()
})
export type Comparison = z.infer<typeof comparisonSchema>
