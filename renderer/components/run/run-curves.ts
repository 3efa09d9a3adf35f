/** The two charts of a run: which curves they hold and what they pin. */
import type { Run, RunProgress } from '@shared/domain/run'
import type { Pin } from '../../charts/curve-options'
import { runColor, runMarker } from '../../charts/palette'
import { pinText } from '../../charts/curve-options'
import { axisValue, toCurve, type CurveSeries, type MetricsBySeries, type XAxis } from '../../charts/series'

export interface CurvePair {
  loss: CurveSeries[]
  accuracy: CurveSeries[]
  lossPins: Pin[]
  accuracyPins: Pin[]
}

/** Training thin and grey, validation thick in the run's colour with its marker. */
export function runCurves(run: Run, metrics: MetricsBySeries, axis: XAxis, dark: boolean, grey: string): CurvePair {
  const color = runColor(run.color, dark)
  const pair = (kind: 'loss' | 'accuracy'): CurveSeries[] => {
    const unit = kind === 'accuracy' ? ('percent' as const) : ('number' as const)
    return [
      {
        id: `train_${kind}`,
        label: 'Training',
        color: grey,
        width: 1,
        unit,
        points: toCurve(metrics, `train_${kind}`, axis)
      },
      {
        id: `validation_${kind}`,
        label: 'Validation',
        color,
        width: 2.25,
        marker: runMarker(run.color),
        unit,
        points: toCurve(metrics, `validation_${kind}`, axis)
      }
    ]
  }
  return {
    loss: pair('loss'),
    accuracy: pair('accuracy'),
    lossPins: [bestPin(run, metrics, 'validation_loss', axis)].filter((pin) => pin !== null),
    accuracyPins: [bestPin(run, metrics, 'validation_accuracy', axis)].filter((pin) => pin !== null)
  }
}

/** The best epoch on one of the validation curves, or null while there is none. */
export function bestPin(
  run: Run,
  metrics: MetricsBySeries,
  series: 'validation_loss' | 'validation_accuracy',
  axis: XAxis
): Pin | null {
  const epoch = run.best?.epoch
  const point = metrics[series]?.find((candidate) => Math.round(candidate.epoch) === epoch && candidate.value !== null)
  if (epoch === undefined || !point || point.value === null) return null
  const unit = series === 'validation_accuracy' ? 'percent' : 'number'
  return { x: axisValue(point, axis), y: point.value, label: pinText(point.value, epoch, unit) }
}

/** Epochs that a run may take over its phases, if none ends early. */
export function plannedEpochs({ config: { mode, head, fineTune } }: Run): number {
  return mode === 'head' ? head.epochs : head.epochs + fineTune.epochs
}

/** Below this many epochs an axis shows all of them from the start. */
const SHORT_RUN = 100

/**
 * Where the epoch axis of a live run ends: at the last planned epoch or, in a long run, at a half, a quarter … of it for as
 * long as that holds what there is. So it fits the curves and yet moves a few times only.
 */
export function axisEnd(planned: number, done: number): number {
  let end = planned
  while (end / 2 >= Math.max(done, SHORT_RUN)) end /= 2
  return Math.ceil(end)
}

/**
 * Epochs that the head took, told from within fine-tuning, or null while that cannot be said: before it, and at its very
 * beginning, when the news of the last epoch may still be on its way.
 */
export function headEpochs(run: Run, progress: RunProgress | null): number | null {
  if (progress?.phase !== 'finetune' || progress.done < 2 || progress.total <= 0) return null
  return run.epochsDone - Math.floor((progress.done / progress.total) * run.config.fineTune.epochs)
}
