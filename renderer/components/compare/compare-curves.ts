/** Overlaid curves of several runs. */
import type { Run } from '@shared/domain/run'
import type { Pin } from '../../charts/curve-options'
import { runColor, runDash } from '../../charts/palette'
import { xBounds } from '../../charts/points'
import { toCurve, type CurveSeries, type MetricsBySeries, type XAxis } from '../../charts/series'
import { smooth } from '../../charts/smooth'
import { bestPin } from '../run/run-curves'

export interface Overlay {
  series: CurveSeries[]
  /** The best epoch of each run, ringed in its colour. */
  pins: Pin[]
}

export interface OverlayInput {
  runs: readonly Run[]
  metricsOf: (runId: string) => MetricsBySeries
  kind: 'loss' | 'accuracy'
  axis: XAxis
  /** 0 to below 1. */
  smoothing: number
  /** Training curves too, thin. */
  training: boolean
  dark: boolean
}

/** Validation of each run in its colour and dash, and, when asked for, training thin beside it. */
export function overlay({ runs, metricsOf, kind, axis, smoothing, training, dark }: OverlayInput): Overlay {
  const unit = kind === 'accuracy' ? ('percent' as const) : ('number' as const)
  const names = training ? (['validation', 'train'] as const) : (['validation'] as const)
  const raw = runs.flatMap((run) =>
    names.map((split) => ({ run, split, points: toCurve(metricsOf(run.id), `${split}_${kind}`, axis) }))
  )
  const bounds = xBounds(raw.map(({ points }) => points))
  const span = bounds ? bounds[1] - bounds[0] : 0
  const series = raw.map(({ run, split, points }) => ({
    id: `${run.id}:${split}`,
    label: split === 'train' ? `${run.name}, training` : run.name,
    color: runColor(run.color, dark),
    dash: runDash(run.color),
    width: split === 'train' ? 0.75 : 2,
    unit,
    points: smooth(points, smoothing, span),
    raw: smoothing > 0 ? points : undefined
  }))
  const pins = runs.flatMap((run) => {
    const pin = bestPin(run, metricsOf(run.id), `validation_${kind}`, axis)
    return pin ? [{ ...pin, label: '', color: runColor(run.color, dark) }] : []
  })
  // On a smoothed curve the ring would float: it marks a value that was measured.
  return { series, pins: smoothing > 0 ? [] : pins }
}
