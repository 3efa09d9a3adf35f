/** What the lab remembers, and how far each of its steps is. Pure. */
import { z } from 'zod'
import { runDiagnosisSchema, type RunDiagnosis } from '@shared/domain/diagnosis'
import { isOver, type ExplanationState } from '@shared/domain/explanation'
import { isSettled, type Run } from '@shared/domain/run'

export const labMemorySchema = z.object({
  datasetId: z.string().nullable().default(null),
  hubId: z.string().nullable().default(null),
  twinId: z.string().nullable().default(null),
  naiveId: z.string().nullable().default(null),
  correctId: z.string().nullable().default(null),
  explanationId: z.string().nullable().default(null),
  diagnosis: runDiagnosisSchema.nullable().default(null),
  /** Goes from step to step by itself. */
  going: z.boolean().default(false)
})
export type LabMemory = z.infer<typeof labMemorySchema>

export const NOTHING_YET: LabMemory = labMemorySchema.parse({})

/** Pictures are too large for a browser's small store. */
export function withoutPictures(diagnosis: RunDiagnosis): RunDiagnosis {
  const findings = diagnosis.findings.map((finding) => {
    const { text, value, expected } = finding.evidence
    return { ...finding, evidence: { text, value, expected } }
  })
  return { ...diagnosis, findings }
}

export type StepState = 'todo' | 'active' | 'done' | 'failed'

export interface LabFacts {
  naive: Run | null
  correct: Run | null
  starting: boolean
  examining: boolean
  examined: boolean
  explaining: boolean
  /** Null: none is known. */
  explanation: ExplanationState | null
}

/** It can be held against the other one: both have been tested. */
const isTested = (run: Run | null): boolean => run?.state === 'completed'

export function trainState({ naive, correct, starting }: LabFacts): StepState {
  if (starting) return 'active'
  if (!naive || !correct) return 'todo'
  if (!isSettled(naive.state) || !isSettled(correct.state)) return 'active'
  // A naive run whose loss went out of bounds is a result too.
  return isTested(correct) && (isTested(naive) || naive.error?.code === 'run/diverged') ? 'done' : 'failed'
}

export function doctorState(facts: LabFacts): StepState {
  if (facts.examining) return 'active'
  return facts.examined ? 'done' : 'todo'
}

export function gapState({ explaining, explanation }: LabFacts): StepState {
  if (explaining) return 'active'
  if (explanation === null) return 'todo'
  if (!isOver(explanation)) return 'active'
  return explanation === 'failed' ? 'failed' : 'done'
}

/** What comes next by itself; null: it waits, or is at its end. */
export function nextStep(facts: LabFacts): 'doctor' | 'gap' | null {
  if (trainState(facts) !== 'done') return null
  if (doctorState(facts) === 'todo') return 'doctor'
  if (doctorState(facts) === 'done' && gapState(facts) === 'todo') return 'gap'
  return null
}
