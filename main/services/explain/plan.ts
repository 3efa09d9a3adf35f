/**
 * Which configurations to train, in which order: the two ends, then every factor switched alone and left out alone, seed after
 * seed; then, as far as the budget reaches, what Shapley values need. Every prefix of the plan gives an answer.
 */
import type { GapMethod } from '@shared/domain/explanation'
import { balancedOrders, bitCount, coalitionsOf, grandCoalition, without, withPlayer } from '@shared/statistics/shapley'
import { createRandom } from '@shared/random'

/** One training: the factors that are as in B, as a bit mask, and the seed. */
export interface Step {
  coalition: number
  seed: number
}

export interface Order {
  seed: number
  order: readonly number[]
}

export interface Plan {
  method: GapMethod
  steps: Step[]
  /** Of method 'permutation': every second is the reverse of the one before. */
  orders: Order[]
}

export interface PlanInput {
  factors: number
  seeds: readonly number[]
  /** Trainings that the budget has room for, those done already among them. */
  affordable: number
}

/** With ten factors the exact Shapley values took 1,024 trainings a seed; the bars, of switching first and last, need 22 of them. */
const MOST_EXACT = 6

export const stepKey = ({ coalition, seed }: Step): string => `${coalition}/${seed}`

/** Pure: the same input gives the same plan, and one with more room begins as the one with less. */
export function planSteps({ factors, seeds, affordable }: PlanInput): Plan {
  const steps = endSteps(factors, seeds)
  if (factors < 3) return { method: 'shapley', steps, orders: [] }
  if (factors <= MOST_EXACT && 2 ** factors * seeds.length <= affordable) {
    return { method: 'shapley', steps: withSteps(steps, allSteps(factors, seeds)), orders: [] }
  }
  const orders: Order[] = []
  const planned = new Map(steps.map((step) => [stepKey(step), step]))
  for (const pair of pairsOf(factors, seeds)) {
    const added = pair.flatMap(stepsOf).filter((step) => !planned.has(stepKey(step)))
    const fresh = new Map(added.map((step) => [stepKey(step), step]))
    if (planned.size + fresh.size > affordable) break
    orders.push(...pair)
    for (const [key, step] of fresh) planned.set(key, step)
  }
  // A pair for every seed at least, or it would not be of the gap over the seeds.
  if (orders.length < 2 * seeds.length) return { method: 'one-at-a-time', steps, orders: [] }
  return { method: 'permutation', steps: [...planned.values()], orders }
}

/** Seed after seed: after the first, every factor has its answer. */
function endSteps(factors: number, seeds: readonly number[]): Step[] {
  const all = grandCoalition(factors)
  const coalitions = new Set([0, all])
  for (let factor = 0; factor < factors; factor++) {
    coalitions.add(withPlayer(0, factor))
    coalitions.add(without(all, factor))
  }
  return seeds.flatMap((seed) => [...coalitions].map((coalition) => ({ coalition, seed })))
}

function allSteps(factors: number, seeds: readonly number[]): Step[] {
  const coalitions = Array.from({ length: 2 ** factors }, (_, coalition) => coalition)
  coalitions.sort((a, b) => bitCount(a) - bitCount(b) || a - b)
  return seeds.flatMap((seed) => coalitions.map((coalition) => ({ coalition, seed })))
}

function withSteps(first: readonly Step[], then: readonly Step[]): Step[] {
  return [...new Map([...first, ...then].map((step) => [stepKey(step), step])).values()]
}

/**
 * Pairs of an order and its reverse, one seed after the other: as many orders as there are factors, or a pair a seed. More would
 * sharpen the Shapley values alone, which the test images' own uncertainty soon outweighs.
 */
function pairsOf(factors: number, seeds: readonly number[]): [Order, Order][] {
  const orders = balancedOrders(factors, createRandom(factors))
  const count = Math.ceil(factors / 2 / seeds.length) * seeds.length
  return Array.from({ length: count }, (_, index): [Order, Order] => {
    const seed = seeds[index % seeds.length]!
    return [
      { seed, order: orders.next().value as number[] },
      { seed, order: orders.next().value as number[] }
    ]
  })
}

const stepsOf = ({ seed, order }: Order): Step[] => coalitionsOf(order).map((coalition) => ({ coalition, seed }))
