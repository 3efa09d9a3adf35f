/** The rates of a range test, when to stop, and what the curve suggests. */
import type { RangeTest } from '@shared/domain/range-test'

export const RANGE_STEPS = 100
const FIRST_RATE = 1e-7
const LAST_RATE = 10
/** Of the exponential average that smooths the losses, as fastai has it. */
const SMOOTHING = 0.98
const RUNAWAY = 4
/** Left out of what the suggestion is drawn from: the average's first steps, and those in which the loss turns up. */
const SKIP_FIRST = RANGE_STEPS / 10
const SKIP_LAST = 5
/** Share by which the loss has to fall for its way down to mean something: less is noise, or a network that has learned already. */
const LEAST_FALL = 0.1
/** Share above its lowest at which a loss has turned up. */
const TURN = 0.05
/** Of the rate at which it does, what is safe to train at. */
const BELOW_TURN = 0.1

/** Climbs by the same factor each step. @param step from 0 to RANGE_STEPS − 1 */
export const rangeRate = (step: number): number => FIRST_RATE * (LAST_RATE / FIRST_RATE) ** (step / (RANGE_STEPS - 1))

export class RangeRecorder {
  readonly #points: { rate: number; loss: number }[] = []
  #average = 0
  #lowest = Infinity
  #stoppedAt: number | null = null

  /** @param loss of the batch; NaN: the network has run away. @returns whether to go on */
  add(rate: number, loss: number): boolean {
    this.#average = SMOOTHING * this.#average + (1 - SMOOTHING) * loss
    // Without the correction the first averages would lean towards the zero that they started from.
    const smoothed = this.#average / (1 - SMOOTHING ** (this.#points.length + 1))
    if (!Number.isFinite(smoothed)) {
      this.#stoppedAt = rate
      return false
    }
    this.#points.push({ rate, loss: smoothed })
    this.#lowest = Math.min(this.#lowest, smoothed)
    if (smoothed > RUNAWAY * this.#lowest) this.#stoppedAt = rate
    return this.#stoppedAt === null
  }

  result(): RangeTest {
    const points = [...this.#points]
    const considered = points.slice(SKIP_FIRST, -SKIP_LAST)
    const stoppedAt = this.#stoppedAt
    if (hasFallen(considered)) {
      return { points, suggested: valley(considered), basis: 'valley', steepest: steepest(considered), stoppedAt }
    }
    const ceiling = stoppedAt === null ? null : turn(points)
    return {
      points,
      suggested: ceiling === null ? null : ceiling * BELOW_TURN,
      basis: ceiling === null ? null : 'ceiling',
      steepest: null,
      stoppedAt
    }
  }
}

type Points = readonly { rate: number; loss: number }[]

function hasFallen(points: Points): boolean {
  let highest = -Infinity
  return points.some(({ loss }) => {
    highest = Math.max(highest, loss)
    return highest - loss > LEAST_FALL * highest
  })
}

/** The last rate at which the loss was about as low as it ever was. */
function turn(points: Points): number | null {
  const lowest = Math.min(...points.map(({ loss }) => loss))
  return points.findLast(({ loss }) => loss <= (1 + TURN) * lowest)?.rate ?? null
}

/** Rate in the middle of the longest falling subsequence: fastai's 'valley'. */
function valley(points: Points): number {
  const lengths = points.map(() => 1)
  let end = 0
  for (let index = 0; index < points.length; index++) {
    for (let before = 0; before < index; before++) {
      if (points[index]!.loss < points[before]!.loss) lengths[index] = Math.max(lengths[index]!, lengths[before]! + 1)
    }
    if (lengths[index]! > lengths[end]!) end = index
  }
  const start = Math.max(0, end - lengths[end]!)
  return points[Math.floor((start + end) / 2)]!.rate
}

/** Rate of the lowest slope of the loss over the logarithm of the rate, by central differences. */
function steepest(points: Points): number | null {
  let best: { rate: number; slope: number } | null = null
  for (let index = 1; index + 1 < points.length; index++) {
    const [before, after] = [points[index - 1]!, points[index + 1]!]
    const slope = (after.loss - before.loss) / Math.log(after.rate / before.rate)
    if (slope < 0 && (!best || slope < best.slope)) best = { rate: points[index]!.rate, slope }
  }
  return best && best.rate
}
