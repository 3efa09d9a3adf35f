/** What a check is: it looks at one thing of a configuration, and says what is right or wrong with it. */
import {
  causeOf,
  type DiagnosisCheck,
  type DiagnosisCode,
  type DiagnosisFinding,
  type Repair
} from '@shared/domain/diagnosis'
import type { Examination } from './examination'

/** A finding with what it may cost, so that the one that costs most comes first. */
export interface WeighedFinding extends DiagnosisFinding {
  /** Points of accuracy that it may cost, as far as can be told; of what costs time only, far less than one. */
  weight: number
}

export interface CheckResult {
  check: DiagnosisCheck
  findings: WeighedFinding[]
}

export interface Check {
  code: DiagnosisCode
  /** What goes on meanwhile, in a few words. */
  phase: string
  run(examination: Examination): Promise<CheckResult[]> | CheckResult[]
}

export const passed = (code: DiagnosisCode, text: string): CheckResult => ({
  check: { code, state: 'passed', text },
  findings: []
})

/** @param text why */
export const skipped = (code: DiagnosisCode, text: string): CheckResult => ({
  check: { code, state: 'skipped', text },
  findings: []
})

export interface Found {
  severity: DiagnosisFinding['severity']
  /** See WeighedFinding. */
  weight: number
  title: string
  evidence: DiagnosisFinding['evidence']
  repair?: Repair | null
}

export const found = (code: DiagnosisCode, what: Found): CheckResult => ({
  check: { code, state: 'finding', text: what.title },
  findings: [{ code, cause: causeOf(code), repair: null, ...what }]
})
