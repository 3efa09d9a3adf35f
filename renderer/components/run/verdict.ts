/** What came of a run, in a sentence. */
import type { Evaluation } from '@shared/domain/evaluation'
import type { LiveFindingCode } from '@shared/domain/live-finding'
import type { Run } from '@shared/domain/run'
import type { MetricsBySeries } from '../../charts/series'
import { formatPercent } from '@shared/text/format'

/** A rise of the validation loss above its lowest value by less than this share is noise, not overfitting. */
const NOISE = 0.05
const STRONG = 0.25
/** Nor is a rise of fewer nats than this: a loss near zero doubles at the least occasion. */
const SMALLEST_RISE = 0.02

const RAN_AWAY: LiveFindingCode = 'training/diverged'

/** '93.1 % on 150 test images (95 % interval 88–96)'. */
function accuracySentence({ accuracy, count, interval, split }: Evaluation): string {
  const [low, high] = interval.map((share) => Math.round(share * 100))
  return `${formatPercent(accuracy)} on ${count} ${split} images (95 % interval ${low}–${high})`
}

/**
 * How the validation loss went on after its lowest value: 'overfits mildly after epoch 6', or null when it stayed there.
 * Mild is a rise of at least 5 % and 0.02 nats, strong of at least 25 %.
 *
 * @param ranAway whether the training loss rose with it, far above a guess's: then nothing was learned by heart
 */
export function overfitting(metrics: MetricsBySeries, ranAway = false): string | null {
  const losses = (metrics.validation_loss ?? []).filter((point) => point.value !== null)
  if (losses.length < 3) return null
  const best = losses.reduce((a, b) => (b.value! < a.value! ? b : a))
  const last = losses.at(-1)!
  if (best.value! <= 0) return null
  const rise = last.value! / best.value! - 1
  if (rise < NOISE || last.value! - best.value! < SMALLEST_RISE) return null
  if (ranAway) return `runs away after epoch ${Math.round(best.epoch)}`
  return `overfits ${rise < STRONG ? 'mildly' : 'strongly'} after epoch ${Math.round(best.epoch)}`
}

/** The whole verdict on a run that has ended. */
export function verdict(run: Run, evaluation: Evaluation | null, metrics: MetricsBySeries): string {
  const parts: string[] = []
  if (evaluation) parts.push(accuracySentence(evaluation))
  else if (run.best) {
    const share = formatPercent(run.best.validationAccuracy)
    parts.push(`${share} on the validation images at epoch ${run.best.epoch}, not tested`)
  }
  const trend = overfitting(
    metrics,
    run.findings.some(({ code }) => code === RAN_AWAY)
  )
  if (trend) parts.push(trend)
  else if (run.best && evaluation) parts.push(`best epoch ${run.best.epoch} of ${run.epochsDone}`)
  if (parts.length > 0) return `${parts.join('; ')}.`
  return ENDINGS[run.state] ?? 'No result yet.'
}

const ENDINGS: Partial<Record<Run['state'], string>> = {
  failed: 'Failed before there was a result.',
  stopped: 'Stopped before there was a result.',
  paused: 'Paused before there was a result.',
  interrupted: 'Interrupted before there was a result.',
  completed: 'Ended without a result.'
}
