/** The two charts of a run: which curves they hold and what they pin. */
import type { Run } from '@shared/domain/run'
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

/** Epochs the run may take over its phases, where the x axis ends while it is live; null on other axes. */
export function plannedEnd(run: Run, axis: XAxis): number | null {
  if (axis !== 'epoch') return null
  const { mode, head, fineTune } = run.config
  return mode === 'head' ? head.epochs : head.epochs + fineTune.epochs
}
