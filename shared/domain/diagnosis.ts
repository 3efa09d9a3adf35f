/**
 * What the doctor says: before a run of a configuration that real batches were tried on, after it of its curves and answers. A
 * finding is named after its cause, `cause/what`; the founding article's four are preprocessing, training, model and device.
 */
import { z } from 'zod'
import { repairSchema, severitySchema } from './finding'

export { repairSchema, type Repair } from './finding'

export const diagnosisCauseSchema = z.enum(['preprocessing', 'training', 'model', 'device', 'data'])
export type DiagnosisCause = z.infer<typeof diagnosisCauseSchema>

/** Everything that the doctor can find, and look for: a check has the code of the finding that it is about. */
export const diagnosisCodeSchema = z.enum([
  'preprocessing/range',
  'preprocessing/channel-order',
  'preprocessing/crop',
  'preprocessing/resize',
  'preprocessing/size',
  'training/learning-rate-high',
  'training/learning-rate-low',
  'training/no-regularisation',
  'training/frozen-backbone',
  'training/batch-norm',
  'training/batch-norm-momentum',
  'training/overfitting',
  'training/underfitting',
  'training/diverged',
  'training/not-learning',
  'training/initial-loss',
  'training/logits',
  'model/oversized',
  'model/untrained',
  'model/top',
  'device/cpu-fallback',
  'device/slow',
  'device/memory',
  'device/no-bfloat16',
  'device/no-int8',
  'data/leak',
  'data/imbalance',
  'data/too-few',
  'data/labels',
  'data/confused'
])
export type DiagnosisCode = z.infer<typeof diagnosisCodeSchema>

/** What a code is about: the part before its slash. */
export const causeOf = (code: DiagnosisCode): DiagnosisCause => code.split('/')[0] as DiagnosisCause

export const evidenceSchema = z.object({
  /** One sentence with the figures in it. */
  text: z.string(),
  /** What was measured, and what it should be; in the unit that the text names. */
  value: z.number().optional(),
  expected: z.number().optional(),
  /** A PNG or SVG data address. */
  picture: z.string().optional()
})

export const diagnosisFindingSchema = z.object({
  code: diagnosisCodeSchema,
  cause: diagnosisCauseSchema,
  severity: severitySchema,
  /** A plain sentence. */
  title: z.string(),
  evidence: evidenceSchema,
  repair: repairSchema.nullable()
})
export type DiagnosisFinding = z.infer<typeof diagnosisFindingSchema>

export const diagnosisCheckSchema = z.object({
  code: diagnosisCodeSchema,
  state: z.enum(['passed', 'finding', 'skipped']),
  /** What was found in order, or wrong; of a skipped one, why. */
  text: z.string()
})
export type DiagnosisCheck = z.infer<typeof diagnosisCheckSchema>

export const diagnosisSchema = z.object({
  /** Root cause first. */
  findings: z.array(diagnosisFindingSchema),
  /** In the order in which they ended. */
  checks: z.array(diagnosisCheckSchema),
  /** What it took. */
  seconds: z.number()
})
export type Diagnosis = z.infer<typeof diagnosisSchema>

/** Of a pre-flight, as it goes: what each check found as soon as it ends, and everything, ranked, as the last event. */
export const preflightEventSchema = z.discriminatedUnion('type', [
  /** What goes on now, in a few words. */
  z.object({ type: z.literal('phase'), text: z.string() }),
  z.object({
    type: z.literal('check'),
    check: diagnosisCheckSchema,
    findings: z.array(diagnosisFindingSchema)
  }),
  z.object({ type: z.literal('diagnosis'), diagnosis: diagnosisSchema })
])
export type PreflightEvent = z.infer<typeof preflightEventSchema>

/** Something to try on a run that has ended. */
export const nextStepSchema = z.object({
  title: z.string(),
  /** Why it should help. */
  reason: z.string(),
  repair: repairSchema.nullable(),
  /** Points of test accuracy that it may bring: a rule of thumb, from `low` to `high`. */
  gain: z.object({ low: z.number(), high: z.number() }),
  /** Seconds of this machine, by what the run took; null: it is work by hand. */
  seconds: z.number().nullable()
})
export type NextStep = z.infer<typeof nextStepSchema>

export const confusedPairSchema = z.object({
  truth: z.string(),
  predicted: z.string(),
  /** Test images of `truth` that were taken for `predicted`. */
  count: z.int(),
  /** Of all test images of `truth`. */
  of: z.int()
})
export type ConfusedPair = z.infer<typeof confusedPairSchema>

/** Of a run that has been trained. */
export const runDiagnosisSchema = diagnosisSchema.extend({
  /** How well it fits. `unknown`: too few epochs to tell. */
  fit: z.enum(['good', 'overfit', 'underfit', 'diverged', 'not-learning', 'unknown']),
  verdict: z.string(),
  /** Most confused first. */
  confused: z.array(confusedPairSchema),
  /** Most worth trying first. */
  next: z.array(nextStepSchema)
})
export type RunDiagnosis = z.infer<typeof runDiagnosisSchema>

const SEVERITIES = ['severe', 'warning', 'info'] as const

/** Severe first; within a severity the order stays. */
export function worstFirst<T extends { severity: (typeof SEVERITIES)[number] }>(findings: readonly T[]): T[] {
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}
