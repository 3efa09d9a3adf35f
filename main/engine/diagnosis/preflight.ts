/** The doctor's look at a configuration before it is trained: every check in turn, told as it ends. */
import type { Diagnosis } from '@shared/domain/diagnosis'
import { StudioError } from '@shared/errors'
import type { DoctorJob, DoctorMessage } from '@shared/worker-protocol/doctor'
import { skipped, type Check, type CheckResult, type WeighedFinding } from './check'
import { classesCheck } from './checks/classes'
import { deviceCheck } from './checks/device'
import { fineTuneStepsCheck } from './checks/finetune-steps'
import { frozenCheck } from './checks/frozen'
import { geometryCheck } from './checks/geometry'
import { headRateCheck } from './checks/head-rate'
import { leakCheck } from './checks/leak'
import { oversizedCheck } from './checks/oversized'
import { rangeCheck } from './checks/range'
import { regularisationCheck } from './checks/regularisation'
import { topCheck } from './checks/top'
import { Examination } from './examination'
import { rankFindings, withoutWeight } from './rank'

/** What takes no time first; what loads TensorFlow last. */
const CHECKS: readonly Check[] = [
  classesCheck,
  regularisationCheck,
  frozenCheck,
  rangeCheck,
  geometryCheck,
  topCheck,
  headRateCheck,
  leakCheck,
  deviceCheck,
  oversizedCheck,
  fineTuneStepsCheck
]

export interface WeighedDiagnosis extends Diagnosis {
  /** The findings before they were ranked. */
  weighed: WeighedFinding[]
}

/**
 * @param tell what goes on, and each check as it ends
 * @param signal aborted: ends after the check it is in
 * @throws StudioError backbone/* when the backbone cannot be read; a check that fails for itself is skipped, and says why
 */
export async function runPreflight(
  job: DoctorJob,
  tell: (message: Exclude<DoctorMessage, { type: 'finished' | 'failed' }>) => void,
  signal: AbortSignal
): Promise<WeighedDiagnosis> {
  const begunAt = performance.now()
  const examination = new Examination(job, signal)
  await examination.backbone()
  const results: CheckResult[] = []
  for (const check of CHECKS) {
    if (signal.aborted) break
    tell({ type: 'phase', text: check.phase })
    for (const result of await attempt(check, examination)) {
      results.push(result)
      tell({ type: 'check', check: result.check, findings: result.findings.map(withoutWeight) })
    }
  }
  const weighed = results.flatMap(({ findings }) => findings)
  return {
    findings: rankFindings(weighed),
    checks: results.map(({ check }) => check),
    seconds: (performance.now() - begunAt) / 1000,
    weighed
  }
}

async function attempt(check: Check, examination: Examination): Promise<CheckResult[]> {
  try {
    return await check.run(examination)
  } catch (error) {
    if (!(error instanceof StudioError)) throw error
    return [skipped(check.code, error.message)]
  }
}
