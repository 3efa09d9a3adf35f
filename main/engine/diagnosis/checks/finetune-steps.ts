/** Whether the backbone learns at its rate: its first steps on real batches. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { found, passed, skipped, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { medianOf, tryFineTune, type FineTuneTrial } from '../finetune-trial'

/** Share of a kernel that one step may move: a hundredth is much, and three of them undo what was pretrained. */
const MUCH = 0.03
/** What a good step moves, for the rate that is offered instead. */
const GOOD = 0.004
/** Share of a kernel that the whole training moves at most, below which it might as well be frozen. */
const NOTHING = 0.005
/** Highest rate that is offered. */
const HIGHEST = 3e-4

export const fineTuneStepsCheck: Check = {
  code: 'training/learning-rate-high',
  phase: 'Taking the first steps of the fine-tuning',
  async run(examination) {
    const { config, train } = examination
    if (config.mode === 'head') return []
    const { info, features } = await examination.backbone()
    const both = ['training/learning-rate-high', 'training/learning-rate-low'] as const
    const skip = (why: string): CheckResult[] => both.map((code) => skipped(code, why))
    if (!info.trainable || !features) return skip('This backbone cannot be fine-tuned.')
    if (!train.runtime) return skip('TensorFlow is not prepared, without which no step can be taken.')
    return judge(examination, await tryFineTune(examination))
  }
}

function judge(examination: Examination, trial: FineTuneTrial): CheckResult[] {
  const { config, classes } = examination
  const rate = config.fineTune.learningRate
  const chance = Math.log(classes.length)
  const ratio = medianOf(trial.ratios)
  const [first, last] = [trial.losses[0] ?? NaN, trial.losses.at(-1) ?? NaN]
  const highest = Math.max(...trial.losses.filter(Number.isFinite))
  const diverged = trial.losses.some((loss) => !Number.isFinite(loss))
  const climbed = highest > Math.max(1.5 * chance, first + 0.75 * chance)
  const evidence = {
    text:
      `A step at ${shown(rate)} moves the backbone's kernels by ${(100 * ratio).toPrecision(2)} % (a good one about ` +
      `${100 * GOOD} %); in ${trial.losses.length} steps the loss went from ${first.toFixed(2)} to ` +
      `${Number.isFinite(last) ? last.toFixed(2) : 'no number'}.`,
    value: ratio,
    expected: GOOD
  }
  const repair = (wanted: number): { label: string; changes: Record<string, number> } => ({
    label: `Use ${shown(wanted)}`,
    changes: { 'fineTune.learningRate': rounded(wanted) }
  })
  const results: CheckResult[] = []
  if (diverged || climbed || ratio > MUCH) {
    const wanted = ratio > 0 ? Math.min(HIGHEST, (rate * GOOD) / ratio) : rate / 100
    results.push(
      found('training/learning-rate-high', {
        severity: 'severe',
        weight: 12 + 4 * Math.min(5, ratio / MUCH) + (diverged ? 10 : 0),
        title: `The learning rate of ${shown(rate)} is too high for a pretrained backbone: it undoes what was learned before.`,
        evidence,
        repair: repair(wanted)
      })
    )
  } else results.push(passed('training/learning-rate-high', evidence.text))
  const way = ratio * stepsOf(config, examination.trainCount) * 0.5
  if (trial.ratios.length > 0 && way < NOTHING) {
    results.push(
      found('training/learning-rate-low', {
        severity: 'severe',
        weight: 10,
        title: `The learning rate of ${shown(rate)} is too low: the backbone ends where it began.`,
        evidence: {
          ...evidence,
          text: `${evidence.text} All of its steps move them by ${(100 * way).toPrecision(2)} % at most.`,
          value: way,
          expected: NOTHING
        },
        repair: repair(Math.min(HIGHEST, (rate * GOOD) / Math.max(ratio, 1e-12)))
      })
    )
  } else results.push(passed('training/learning-rate-low', evidence.text))
  if (trial.still.length > 0) results.push(standsStill(trial))
  return results
}

function standsStill({ still, kernels }: FineTuneTrial): CheckResult {
  return found('training/frozen-backbone', {
    severity: still.length === kernels ? 'severe' : 'warning',
    weight: 9,
    title: `${still.length} of ${kernels} kernels that should learn do not move.`,
    evidence: { text: `For example ${still.slice(0, 2).join(', ')}.`, value: still.length, expected: 0 }
  })
}

/** Of the whole fine-tuning. */
export function stepsOf({ fineTune }: TrainingConfig, trainCount: number): number {
  const { batchSize, accumulate, epochs, maxSteps } = fineTune
  const perEpoch = Math.max(1, Math.ceil(Math.ceil(trainCount / batchSize) / accumulate))
  return Math.min(perEpoch * epochs, maxSteps ?? Infinity)
}

const rounded = (rate: number): number => Number(rate.toPrecision(1))
const shown = (rate: number): string => {
  const value = Number(rate.toPrecision(2))
  return value < 1e-4 ? value.toExponential() : String(value)
}
