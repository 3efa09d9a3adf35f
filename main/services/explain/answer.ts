/** What the experiments so far say of the gap. Pure. */
import type { Estimate, GapMethod } from '@shared/domain/explanation'
import {
  endContrasts,
  grandCoalition,
  orderContrasts,
  shapleyContrasts,
  type Contrast
} from '@shared/statistics/shapley'
import { meanInterval, unitBootstrap } from '@shared/statistics/unit-bootstrap'
import { stepKey, type Order, type Plan } from './plan'

/** Of one training. */
export interface Outcome {
  /** Of each test image, 1 where it was right; images that could not be read count as wrong. */
  correct: Uint8Array
  /** Of training; null where they were not measured here. */
  seconds: number | null
}

export interface AnswerInput {
  factors: number
  seeds: readonly number[]
  plan: Pick<Plan, 'method' | 'orders'>
  /** By `stepKey`. */
  outcomes: ReadonlyMap<string, Outcome>
}

export interface Pair {
  accuracy: Estimate | null
  seconds: Estimate | null
}

export interface FactorAnswer extends Pair {
  alone: number | null
  last: number | null
  shapley: Estimate | null
}

export interface Answer {
  gap: Pair
  ends: {
    a: { accuracy: number | null; seconds: number | null }
    b: { accuracy: number | null; seconds: number | null }
  }
  factors: FactorAnswer[]
  interaction: Pair
  /** Of what is there, which may be less than was planned. */
  method: GapMethod
}

/** One row a unit: per-image differences, and the difference in time. */
interface Units {
  images: Float32Array[]
  seconds: number[]
}

const NOTHING: Pair = { accuracy: null, seconds: null }

export function answerOf({ factors, seeds, plan, outcomes }: AnswerInput): Answer {
  const all = grandCoalition(factors)
  const players = Array.from({ length: factors }, (_, player) => player)
  const at = (coalition: number, seed: number): Outcome | undefined => outcomes.get(stepKey({ coalition, seed }))
  const units = (contrast: Contrast): Units => unitsOf(seeds.map((seed) => contrasted(contrast, seed, at)))
  const gapUnits = units(difference(all, 0))
  const gap = estimate(gapUnits)
  const mains = endContrasts(factors)
  const sides = players.map((player) => ({
    alone: units(difference(1 << player, 0)),
    last: units(difference(all, all & ~(1 << player)))
  }))
  const mainUnits = mains.map((contrast, player) =>
    firstWith(units(contrast), sides[player]!.alone, sides[player]!.last)
  )
  const shapley = factors < 3 ? mains.map(units) : shapleyUnits({ factors, seeds, plan, at })
  const known = mainUnits.every(({ images }) => images.length > 0)
  const ends = { a: endOf(0, all, seeds, at), b: endOf(all, 0, seeds, at) }
  return {
    gap,
    ends,
    factors: players.map((player) => ({
      ...estimate(mainUnits[player]!),
      alone: meanOfUnits(sides[player]!.alone),
      last: meanOfUnits(sides[player]!.last),
      shapley: shapley ? estimate(shapley[player]!).accuracy : null
    })),
    interaction: known && gap.accuracy ? rest(gapUnits, mainUnits, units(restContrast(all, mains)), gap) : NOTHING,
    method: shapley ? (factors < 3 ? 'shapley' : plan.method) : 'one-at-a-time'
  }
}

const difference = (plus: number, minus: number): Contrast =>
  new Map(
    plus === minus
      ? []
      : [
          [plus, 1],
          [minus, -1]
        ]
  )

/** The gap less every main effect. */
function restContrast(all: number, mains: readonly Contrast[]): Contrast {
  const sum = new Map<number, number>()
  const add = (coalition: number, weight: number): void => void sum.set(coalition, (sum.get(coalition) ?? 0) + weight)
  add(all, 1)
  add(0, -1)
  for (const main of mains) for (const [coalition, weight] of main) add(coalition, -weight)
  for (const [coalition, weight] of sum) if (Math.abs(weight) < 1e-12) sum.delete(coalition)
  return sum
}

/** What the bars leave, so that all of them add up; its interval from the seeds that have everything. */
function rest(gapUnits: Units, mains: readonly Units[], restUnits: Units, gap: Pair): Pair {
  const left = (total: number, of: (units: Units) => number): number =>
    mains.reduce((sum, units) => sum - of(units), total)
  const accuracy = left(gap.accuracy!.value, (units) => meanOfUnits(units)!)
  const interval = estimate(restUnits)
  const around = (value: number, { value: center, low, high }: Estimate): Estimate => ({
    value,
    low: low === null ? null : value + low - center,
    high: high === null ? null : value + high - center
  })
  const exact = restUnits.images.length === 0
  const timed = gapUnits.seconds.length > 0 && mains.every(({ seconds }) => seconds.length > 0)
  const seconds = timed ? left(gap.seconds!.value, (units) => mean(units.seconds)) : null
  return {
    // With one or two factors there is none, to the last digit.
    accuracy: around(accuracy, interval.accuracy ?? { value: 0, low: exact ? 0 : null, high: exact ? 0 : null }),
    seconds: seconds === null ? null : around(seconds, interval.seconds ?? { value: 0, low: null, high: null })
  }
}

interface ShapleyInput extends Pick<AnswerInput, 'factors' | 'seeds' | 'plan'> {
  at: (coalition: number, seed: number) => Outcome | undefined
}

/** Null while too little of it was measured. Of orders, a unit is a pair: an order and its reverse on one seed. */
function shapleyUnits({ factors, seeds, plan, at }: ShapleyInput): Units[] | null {
  if (plan.method === 'shapley') {
    const contrasts = shapleyContrasts(factors)
    const perSeed = seeds.filter((seed) => contrasts[0] && contrasted(contrasts[0], seed, at))
    if (perSeed.length === 0) return null
    return contrasts.map((contrast) => unitsOf(perSeed.map((seed) => contrasted(contrast, seed, at))))
  }
  const done = pairs(plan.orders)
    .map(([one, other]) => ({ seed: one.seed, contrasts: orderContrasts(factors, [one.order, other.order]) }))
    .filter(({ seed, contrasts }) => contrasts.every((contrast) => contrasted(contrast, seed, at)))
  if (done.length < Math.max(2, seeds.length)) return null
  return Array.from({ length: factors }, (_, player) =>
    unitsOf(done.map(({ seed, contrasts }) => contrasted(contrasts[player]!, seed, at)))
  )
}

function pairs(orders: readonly Order[]): [Order, Order][] {
  return orders.flatMap((order, index) => (index % 2 === 0 ? [[order, orders[index + 1]!] as [Order, Order]] : []))
}

interface Unit {
  images: Float32Array
  /** Null where a part of it was not timed. */
  seconds: number | null
}

/** Null while an outcome that the contrast needs is missing. */
function contrasted(
  contrast: Contrast,
  seed: number,
  at: (coalition: number, seed: number) => Outcome | undefined
): Unit | null {
  let images: Float32Array | null = null
  let seconds: number | null = 0
  for (const [coalition, weight] of contrast) {
    const outcome = at(coalition, seed)
    if (!outcome) return null
    images ??= new Float32Array(outcome.correct.length)
    for (let image = 0; image < images.length; image++) images[image]! += weight * outcome.correct[image]!
    seconds = seconds === null || outcome.seconds === null ? null : seconds + weight * outcome.seconds
  }
  return images && { images, seconds }
}

function unitsOf(units: readonly (Unit | null)[]): Units {
  const found = units.filter((unit): unit is Unit => unit !== null)
  return {
    images: found.map(({ images }) => images),
    seconds: found.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]))
  }
}

const estimate = ({ images, seconds }: Units): Pair => ({
  accuracy: unitBootstrap(images),
  seconds: meanInterval(seconds)
})

const firstWith = (...found: Units[]): Units => found.find(({ images }) => images.length > 0) ?? found[0]!

const mean = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index]!
  return sum / values.length
}

const meanOfUnits = ({ images }: Units): number | null =>
  images.length === 0 ? null : mean(images.map((unit) => mean(unit)))

/** Over the seeds that know both ends, so that the waterfall closes; before there is one, over those that know this end. */
function endOf(
  coalition: number,
  other: number,
  seeds: readonly number[],
  at: ShapleyInput['at']
): Answer['ends']['a'] {
  const whole = seeds.filter((seed) => at(coalition, seed) && at(other, seed))
  const used = (whole.length > 0 ? whole : seeds).flatMap((seed) => at(coalition, seed) ?? [])
  const timed = used.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]))
  return {
    accuracy: used.length === 0 ? null : mean(used.map(({ correct }) => mean(correct))),
    seconds: timed.length === 0 ? null : mean(timed)
  }
}
