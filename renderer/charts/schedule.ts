/** The learning rate over the steps of a phase, to be drawn before a run starts. */
import type { HeadConfig } from '@shared/domain/training-config'
import type { Point } from './points'

type Schedule = Pick<HeadConfig, 'learningRate' | 'schedule' | 'warmup'>

/**
 * A linear climb to the peak over the first `warmup` share of the steps, then constant, or a cosine down to zero
 * (Loshchilov & Hutter 2017, without restarts).
 *
 * @param points how many points to draw
 * @returns x from 0 to 1, the share of the phase; y the rate
 */
export function scheduleCurve({ learningRate, schedule, warmup }: Schedule, points = 96): Point[] {
  return Array.from({ length: points + 1 }, (_, index) => {
    const x = index / points
    if (x < warmup) return { x, y: (learningRate * x) / warmup }
    if (schedule === 'constant') return { x, y: learningRate }
    const done = warmup < 1 ? (x - warmup) / (1 - warmup) : 0
    return { x, y: learningRate * 0.5 * (1 + Math.cos(Math.PI * done)) }
  })
}

/** The schedule in words: 'climbs to 0.003 over the first 5 % of 60 epochs, then falls to 0 along a cosine'. */
export function describeSchedule({ learningRate, schedule, warmup }: Schedule, epochs: number): string {
  const climb =
    warmup > 0
      ? `climbs to ${learningRate} over the first ${Number((warmup * 100).toFixed(1))} % of ${epochs} epochs`
      : `starts at ${learningRate}`
  const rest =
    schedule === 'cosine'
      ? 'then falls to 0 along a cosine'
      : `then stays there${warmup > 0 ? '' : ` for ${epochs} epochs`}`
  return `The learning rate ${climb}, ${rest}.`
}
