/** The charts of a run: which series each holds, how they are drawn and what they pin. */
import type { Points } from '@shared/curves/points'
import { reduceExtremes } from '@shared/curves/reduce'
import { smooth } from '@shared/curves/smooth'
import type { Run, RunProgress } from '@shared/domain/run'
import type { Range } from '../../charts/axis-range'
import { pinText, type Pin } from '../../charts/curve-options'
import { runColor, runMarker } from '../../charts/palette'
import { toPoints, type CurveLine, type MetricsBySeries, type XAxis } from '../../charts/series'
import type { CurveSettings } from '../curves/curve-settings'
import type { MetricFamily, MetricSplit } from '../curves/metric-names'
import { bestPlace } from '../curves/query-lines'

/** A series as it is drawn, and what it was smoothed from. */
export interface SeriesPoints {
  points: Points
  smoothed: Points | null
}

const LABELS: Record<Exclude<MetricSplit, null>, string> = {
  train: 'Training',
  validation: 'Validation',
  test: 'Test'
}

/** Training thin and grey, what counts thick in the run's colour with its marker, the test dashed. */
export function familyLines(
  run: Run,
  { members, title }: MetricFamily,
  pointsOf: (series: string) => SeriesPoints,
  dark: boolean,
  grey: string
): CurveLine[] {
  const color = runColor(run.color, dark)
  return members.map(({ series, split }): CurveLine => {
    const { points, smoothed } = pointsOf(series)
    const look =
      split === 'train' && members.length > 1
        ? { color: grey, width: 1 }
        : { color, width: 2.25, marker: runMarker(run.color), ...(split === 'test' && { dash: [6, 3] }) }
    const label = split ? LABELS[split] : members.length > 1 ? 'Training' : title
    return { id: series, label, ...look, points: smoothed ?? points, faint: smoothed && points }
  })
}

/** The best epoch on the family's validation curve. */
export function familyPins(
  run: Run,
  { members, unit }: MetricFamily,
  pointsOf: (series: string) => SeriesPoints,
  axis: XAxis
): Pin[] {
  return members.flatMap(({ series }) => {
    const place = bestPlace(run, series, pointsOf(series).points, axis)
    return place && run.best ? [{ ...place, label: pinText(place.y, run.best.epoch, unit) }] : []
  })
}

/**
 * A series of a run that is watched, out of the points that were streamed: smoothed and cut down to the pixels in view here, in
 * the same way as the core does it for what is stored.
 */
export function streamedPoints(
  metrics: MetricsBySeries,
  series: string,
  { axis, smoothing, logX }: Pick<CurveSettings, 'axis' | 'smoothing' | 'logX'>,
  range: Range | null,
  pixels: number
): SeriesPoints {
  const whole = toPoints(metrics, series, axis)
  if (whole.x.length === 0) return { points: whole, smoothed: null }
  const first = logX ? (whole.x.find((at) => at > 0) ?? 1) : whole.x[0]!
  const [from, to] = range ?? [first, whole.x[whole.x.length - 1]!]
  const view = { from, to, pixels: Math.max(1, pixels), logarithmic: logX }
  return {
    points: reduceExtremes(whole, view),
    smoothed: smoothing > 0 ? reduceExtremes(smooth(whole, smoothing), view) : null
  }
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
