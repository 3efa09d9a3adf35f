/** The doctor's look at a run that has ended: its curves and answers, and its configuration on its dataset. */
import type { DiagnosisFinding, RunDiagnosis } from '@shared/domain/diagnosis'
import type { Run } from '@shared/domain/run'
import { formatPercent } from '@shared/text/format'
import type { DoctorMessage, ExaminedRun } from '@shared/worker-protocol/doctor'
import { found, passed, type CheckResult, type WeighedFinding } from '../check'
import { runPreflight } from '../preflight'
import { rankFindings } from '../rank'
import { readCurves } from './curves'
import { judgeFit } from './fit'
import { nextSteps } from './next-steps'

/** Share of the test pictures that one confusion has to make up. */
const CONFUSED_SHARE = 0.03
/** A symptom is not so heavy as the cause that a check of the configuration finds. */
const SYMPTOM = 0.5

export async function diagnoseRun(
  examined: ExaminedRun,
  tell: (message: Exclude<DoctorMessage, { type: 'finished' | 'failed' }>) => void,
  signal: AbortSignal
): Promise<RunDiagnosis> {
  const begunAt = performance.now()
  const { run, confused, job } = examined
  tell({ type: 'phase', text: 'Reading the curves' })
  const { fit, results } = judgeFit(run, readCurves(examined.points))
  const after = [...results, ...fallback(run), ...confusion(run, confused)]
  const before = job ? await runPreflight(job, tell, signal) : null
  const explained = (before?.weighed ?? []).some(({ severity, cause }) => severity === 'severe' && cause !== 'data')
  const symptoms = after
    .flatMap(({ findings }) => findings)
    .map((finding) => (explained ? { ...finding, weight: finding.weight * SYMPTOM } : finding))
  const weighed: WeighedFinding[] = [...(before?.weighed ?? []), ...symptoms]
  const findings = rankFindings(weighed)
  return {
    findings,
    checks: [...after.map(({ check }) => check), ...(before?.checks ?? [])],
    seconds: (performance.now() - begunAt) / 1000,
    fit,
    verdict: verdictOf(run, fit, findings[0] ?? null),
    confused,
    next: nextSteps({ run, findings: weighed, confused, job })
  }
}

/** What the run itself says it computed on. */
function fallback({ environment }: Run): CheckResult[] {
  if (!environment) return []
  const { device, fallback: why, threads } = environment
  // Where there is no GPU at all, a processor is what was asked for.
  const missed = why !== null && /no usable GPU/i.test(why)
  if (!missed) return [passed('device/cpu-fallback', `It was computed on ${device}, ${threads} threads.`)]
  return [
    found('device/cpu-fallback', {
      severity: 'warning',
      weight: 1.5,
      title: `It was computed on ${device}, though a GPU was asked for.`,
      evidence: { text: why }
    })
  ]
}

function confusion({ test }: Run, confused: RunDiagnosis['confused']): CheckResult[] {
  const worst = confused[0]
  if (!worst || !test) return []
  const share = worst.count / Math.max(1, test.count)
  const text = `'${worst.truth}' is taken for '${worst.predicted}' most: ${worst.count} of ${worst.of} test pictures.`
  if (share < CONFUSED_SHARE) return [passed('data/confused', text)]
  return [
    found('data/confused', {
      severity: 'info',
      weight: 100 * share,
      title: text,
      evidence: {
        text: `${formatPercent(share)} of all ${test.count} test pictures are this mistake.`,
        value: share,
        expected: CONFUSED_SHARE
      }
    })
  ]
}

const FIT_WORDS: Record<RunDiagnosis['fit'], string> = {
  good: 'It fits well.',
  overfit: 'It overfits.',
  underfit: 'It was still learning when it ended.',
  diverged: 'It diverged.',
  'not-learning': 'Its loss never came below what guessing gives.',
  unknown: 'It is too short to tell how it fits.'
}

/** What the words on the fit say already. */
const OF_FIT: readonly string[] = ['overfitting', 'underfitting', 'diverged', 'not-learning'].map(
  (what) => `training/${what}`
)

function verdictOf(run: Run, fit: RunDiagnosis['fit'], first: DiagnosisFinding | null): string {
  const score = run.test ? `${formatPercent(run.test.accuracy)} on ${run.test.count} test images. ` : ''
  const said = first === null || OF_FIT.includes(first.code) || first.severity === 'info'
  return `${score}${FIT_WORDS[fit]}${said ? '' : ` First to look at: ${lower(first.title)}`}`
}

/** As the rest of a sentence, unless it begins with a name. */
const lower = (sentence: string): string =>
  /^('|[A-Z]{2})/.test(sentence) ? sentence : sentence[0]!.toLowerCase() + sentence.slice(1)
