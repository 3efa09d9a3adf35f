/** How a training went, by its curves. */
import type { RunDiagnosis } from '@shared/domain/diagnosis'
import type { Run } from '@shared/domain/run'
import { notLearningFinding } from '../../training/run-data'
import { found, passed, type CheckResult } from '../check'
import type { EpochLosses, RunCurves } from './curves'

type Fit = RunDiagnosis['fit']

/** Times the best validation loss that the last one has to be before it counts as rising. */
const RISEN = 1.08
const FAR_RISEN = 1.3
/** Fewer epochs than this say nothing of a course. */
const FEWEST = 4
/** Share by which the validation loss still falls over the last fifth of a training that ended too early. */
const STILL_FALLING = 0.03

export function judgeFit(run: Run, curves: RunCurves): { fit: Fit; results: CheckResult[] } {
  const { config, error, best } = run
  const phase = config.mode === 'head' ? 'head' : 'fineTune'
  const rate = config[phase].learningRate
  const lower = { label: `Use ${shown(rate / 10)}`, changes: { [`${phase}.learningRate`]: rounded(rate / 10) } }
  if (error?.code === 'run/diverged' || curves.diverged) {
    return {
      fit: 'diverged',
      results: [
        found('training/diverged', {
          severity: 'severe',
          weight: 30,
          title: 'The training ran away: its loss became no number.',
          evidence: { text: error?.message ?? 'A step has no finite loss.', value: rate, expected: rate / 10 },
          repair: lower
        })
      ]
    }
  }
  const never = best && notLearningFinding(best, run.classes.length, rate)
  if (never) {
    return {
      fit: 'not-learning',
      results: [
        found('training/not-learning', {
          severity: 'severe',
          weight: 28,
          title: never.title,
          evidence: { text: never.evidence!, value: best.validationLoss, expected: Math.log(run.classes.length) },
          repair: lower
        })
      ]
    }
  }
  const epochs = curves.epochs.filter(({ validation }) => validation !== null)
  if (epochs.length < FEWEST) return { fit: 'unknown', results: [] }
  return overfitting(run, epochs) ?? underfitting(run, epochs) ?? good(epochs)
}

function good(epochs: readonly EpochLosses[]): { fit: Fit; results: CheckResult[] } {
  const best = lowest(epochs)
  const text = `Validation loss ${best.validation!.toFixed(3)} at epoch ${best.epoch} of ${epochs.length}; it neither rises much after it nor still falls.`
  return { fit: 'good', results: [passed('training/overfitting', text), passed('training/underfitting', text)] }
}

function overfitting({ config }: Run, epochs: readonly EpochLosses[]): { fit: Fit; results: CheckResult[] } | null {
  const best = lowest(epochs)
  const last = epochs.at(-1)!
  const ratio = last.validation! / best.validation!
  const trainFell = last.train !== null && best.train !== null && last.train < best.train
  if (ratio < RISEN || !trainFell) return null
  const kept = config.earlyStopping.restoreBest
  return {
    fit: 'overfit',
    results: [
      found('training/overfitting', {
        severity: kept ? (ratio > FAR_RISEN ? 'warning' : 'info') : ratio > FAR_RISEN ? 'severe' : 'warning',
        weight: (kept ? 2 : 6) + Math.min(6, 4 * (ratio - 1)),
        title: kept
          ? `It learns its pictures by heart after epoch ${best.epoch}; the weights of that epoch were kept.`
          : `It learns its pictures by heart after epoch ${best.epoch}, and the weights of the last epoch were kept.`,
        evidence: {
          text:
            `Validation loss ${best.validation!.toFixed(3)} at epoch ${best.epoch}, ${last.validation!.toFixed(3)} at the end, ` +
            `while the training loss fell from ${best.train!.toFixed(3)} to ${last.train!.toFixed(3)}.`,
          value: last.validation!,
          expected: best.validation!
        },
        repair: overfitRepair(config, kept)
      })
    ]
  }
}

function overfitRepair(config: Run['config'], kept: boolean): CheckResult['findings'][number]['repair'] {
  if (!kept) {
    return {
      label: 'Stop early, keep the best epoch',
      changes: { 'earlyStopping.enabled': true, 'earlyStopping.restoreBest': true }
    }
  }
  const phase = config.mode === 'head' ? 'head' : 'fineTune'
  if (config.mode === 'head' && config.head.method === 'lbfgs') return null
  const wanted = config.mode === 'head' ? 0.5 : 0.3
  if (config[phase].dropout >= wanted) return null
  return { label: `Dropout ${wanted}`, changes: { [`${phase}.dropout`]: wanted } }
}

function underfitting({ config }: Run, epochs: readonly EpochLosses[]): { fit: Fit; results: CheckResult[] } | null {
  const phase = config.mode === 'head' ? 'head' : 'fineTune'
  if (config.mode === 'head' && config.head.method === 'lbfgs') return null
  const best = lowest(epochs)
  const last = epochs.at(-1)!
  const before = epochs[Math.floor(epochs.length * 0.8) - 1] ?? epochs[0]!
  const falls = 1 - last.validation! / before.validation!
  if (best.epoch !== last.epoch || falls < STILL_FALLING) return null
  const more = Math.min(10_000, config[phase].epochs * 2)
  return {
    fit: 'underfit',
    results: [
      found('training/underfitting', {
        severity: 'warning',
        weight: 3 + Math.min(6, 40 * falls),
        title: 'It was still learning when it ended.',
        evidence: {
          text: `Over the last fifth of its epochs the validation loss fell by ${(100 * falls).toFixed(1)} %, to ${last.validation!.toFixed(3)}.`,
          value: falls,
          expected: STILL_FALLING
        },
        repair: { label: `${more} epochs`, changes: { [`${phase}.epochs`]: more } }
      })
    ]
  }
}

const lowest = (epochs: readonly EpochLosses[]): EpochLosses =>
  epochs.reduce((best, epoch) => (epoch.validation! < best.validation! ? epoch : best))
const rounded = (rate: number): number => Number(rate.toPrecision(2))
const shown = (rate: number): string => (rate < 1e-4 ? rounded(rate).toExponential() : String(rounded(rate)))
