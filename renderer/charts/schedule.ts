/** The learning rate over the steps of a phase, to be drawn before a run starts. */
import { rateAt, type ScheduleConfig } from '@shared/domain/schedule'
import type { Point } from './points'

/** So many that a step is no width on the screen. */
const STEPS = 100_000

/**
 * The very function that trains, over many more steps than points are drawn.
 *
 * @param points how many points to draw
 * @returns x from 0 to 1, the share of the phase; y the rate. `plateau` is drawn as if every epoch were better than the last.
 */
export function scheduleCurve(config: ScheduleConfig, points = 96): Point[] {
  return Array.from({ length: points + 1 }, (_, index) => {
    const x = index / points
    return { x, y: rateAt(config, Math.round(x * STEPS), STEPS) }
  })
}

const COURSES: Record<ScheduleConfig['schedule'], string> = {
  cosine: 'then falls to 0 along a cosine',
  constant: 'then stays there',
  'one-cycle': 'then falls to nearly 0 along a cosine',
  step: 'then falls to a tenth after 40, 60 and 80 % of the steps',
  plateau: 'then falls to a tenth whenever validation stops getting better'
}

/** The schedule in words: 'climbs to 0.003 over the first 5 % of 60 epochs, then falls to 0 along a cosine'. */
export function describeSchedule({ learningRate, schedule, warmup }: ScheduleConfig, epochs: number): string {
  const climb =
    warmup > 0
      ? `climbs to ${learningRate} over the first ${Number((warmup * 100).toFixed(1))} % of ${epochs} epochs`
      : `starts at ${learningRate}`
  const long = schedule === 'constant' && warmup === 0 ? ` for ${epochs} epochs` : ''
  return `The learning rate ${climb}, ${COURSES[schedule]}${long}.`
}
