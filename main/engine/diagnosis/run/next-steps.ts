/** What to try on a run that has ended, most worth it first. */
import type { ConfusedPair, NextStep } from '@shared/domain/diagnosis'
import type { Run } from '@shared/domain/run'
import type { DoctorJob } from '@shared/worker-protocol/doctor'
import type { WeighedFinding } from '../check'

/** Most that one finding is said to bring: more than that, and several things are wrong. */
const MOST_GAIN = 0.3
/** By hand, for the ranking. */
const HANDWORK_SECONDS = 900
/** Of a fine-tune over its head, on the presets' datasets: nothing to a few points. */
const FINE_TUNE_GAIN = { low: 0, high: 0.04 }
const LARGER_GAIN = { low: -0.005, high: 0.03 }
const STEP_COST = 3

interface Subject {
  run: Run
  findings: readonly WeighedFinding[]
  confused: readonly ConfusedPair[]
  job: DoctorJob | null
}

export function nextSteps(subject: Subject): NextStep[] {
  const steps = [...repairs(subject), ...fineTune(subject), ...larger(subject), ...relabel(subject)]
  return steps.sort((a, b) => worth(b) - worth(a))
}

/** Gain in the middle, less for what takes long: ten minutes halve it. */
const worth = ({ gain, seconds }: NextStep): number =>
  (gain.low + gain.high) / 2 / (1 + (seconds ?? HANDWORK_SECONDS) / 600)

function repairs({ run, findings }: Subject): NextStep[] {
  return findings.flatMap(({ repair, severity, weight, evidence }) => {
    if (!repair || severity === 'info') return []
    const high = Math.min(MOST_GAIN, weight / 100)
    const gain = { low: severity === 'severe' ? high / 4 : 0, high }
    return [{ title: repair.label, reason: evidence.text, repair, gain, seconds: run.seconds?.total ?? null }]
  })
}

function fineTune({ run, job }: Subject): NextStep[] {
  if (run.config.mode !== 'head' || !job?.train.runtime) return []
  const images = run.imageCount
  const { epochs } = run.config.fineTune
  const seconds = job.msPerImage === null ? null : (images * job.msPerImage * STEP_COST * epochs) / 1000
  return [
    {
      title: 'Fine-tune the last blocks',
      reason: 'Only the head was trained: the features are still those of ImageNet.',
      repair: { label: 'Fine-tune', changes: { mode: 'finetune' } },
      gain: FINE_TUNE_GAIN,
      seconds
    }
  ]
}

function larger({ run, job }: Subject): NextStep[] {
  const own = job?.rivals.find(({ id }) => id === run.config.backboneId)?.multiplyAdds
  const candidates = (job?.rivals ?? [])
    .filter(({ multiplyAdds, form }) => form === 'graph' && own && multiplyAdds && multiplyAdds > 1.5 * own)
    .sort((a, b) => a.multiplyAdds! - b.multiplyAdds!)
  const next = candidates[0]
  if (!next) return []
  return [
    {
      title: `Try '${next.name}'`,
      reason: `It multiplies ${(next.multiplyAdds! / own!).toFixed(1)} times as much.`,
      repair: { label: `Use '${next.name}'`, changes: { backboneId: next.id } },
      gain: LARGER_GAIN,
      seconds: next.msPerImage === null ? null : (run.imageCount * next.msPerImage) / 1000
    }
  ]
}

function relabel({ run, confused }: Subject): NextStep[] {
  const worst = confused[0]
  if (!worst || !run.test || worst.count < 2) return []
  return [
    {
      title: `Look at the labels of '${worst.truth}' and '${worst.predicted}'`,
      reason: `${worst.count} of ${worst.of} test pictures of '${worst.truth}' are taken for '${worst.predicted}'.`,
      repair: null,
      gain: { low: 0, high: worst.count / Math.max(1, run.test.count) },
      seconds: null
    }
  ]
}
