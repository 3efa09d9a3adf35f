import { expect, test } from 'vitest'
import { createRandom } from '@shared/random'
import {
  balancedOrders,
  bitCount,
  coalitionsOf,
  endContrasts,
  grandCoalition,
  orderContrasts,
  shapleyContrasts,
  shapleyValues,
  valueOf
} from '@shared/statistics/shapley'

const has = (coalition: number, player: number): boolean => (coalition & (1 << player)) !== 0

test('gloves: the one right glove is worth four times a left one (Shapley values 2/3, 1/6, 1/6)', () => {
  const worth = (coalition: number): number => (has(coalition, 0) && (has(coalition, 1) || has(coalition, 2)) ? 1 : 0)
  const [right, ...left] = shapleyValues(3, worth)
  expect(right).toBeCloseTo(2 / 3, 12)
  for (const value of left) expect(value).toBeCloseTo(1 / 6, 12)
})

test('voting: of weights 4, 3, 2, 1 with a quota of 6, the powers are 5/12, 3/12, 3/12, 1/12', () => {
  const weights = [4, 3, 2, 1]
  const worth = (coalition: number): number =>
    weights.reduce((sum, weight, player) => sum + (has(coalition, player) ? weight : 0), 0) >= 6 ? 1 : 0
  shapleyValues(4, worth).forEach((value, player) => expect(value).toBeCloseTo([5, 3, 3, 1][player]! / 12, 12))
})

test('airport: everyone pays an equal share of the part of the runway that he needs (Littlechild & Owen 1973)', () => {
  const needs = [8, 11, 13, 18]
  const cost = (coalition: number): number => Math.max(0, ...needs.filter((_, player) => has(coalition, player)))
  shapleyValues(4, cost).forEach((value, player) => expect(value).toBeCloseTo([2, 3, 4, 9][player]!, 12))
})

/** Any game: worths at random. */
function randomGame(players: number, seed: number): (coalition: number) => number {
  const random = createRandom(seed)
  const worths = Float64Array.from({ length: 2 ** players }, () => random.float())
  return (coalition) => worths[coalition]!
}

test.each([1, 2, 3, 5, 8])(
  'with %i players, a random game is divided to the last bit, and the mean over all orders is the same',
  (players) => {
    const worth = randomGame(players, players)
    const values = shapleyValues(players, worth)
    const all = worth(grandCoalition(players)) - worth(0)
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(all, 10)
    if (players > 5) return
    const sampled = orderContrasts(players, ordersOf(players)).map((contrast) => valueOf(contrast, worth))
    values.forEach((value, player) => expect(sampled[player]).toBeCloseTo(value, 10))
  }
)

function ordersOf(players: number): number[][] {
  if (players === 0) return [[]]
  return ordersOf(players - 1).flatMap((order) =>
    Array.from({ length: players }, (_, place) => [...order.slice(0, place), players - 1, ...order.slice(place)])
  )
}

test('first and last place: a game of pairs is divided as Shapley does, what three do together is left over', () => {
  const pairs = (coalition: number): number =>
    3 * +has(coalition, 0) -
    2 * +has(coalition, 1) +
    5 * +(has(coalition, 0) && has(coalition, 2)) -
    4 * +(has(coalition, 1) && has(coalition, 2))
  const ends = endContrasts(3).map((contrast) => valueOf(contrast, pairs))
  shapleyValues(3, pairs).forEach((value, player) => expect(ends[player]).toBeCloseTo(value, 12))

  const three = (coalition: number): number => (coalition === 7 ? 6 : 0)
  const left = 6 - endContrasts(3).reduce((sum, contrast) => sum + valueOf(contrast, three), 0)
  expect(left).toBeCloseTo(6 - 3 * 3, 12)
})

test('two players need four coalitions, at both ends and for Shapley values alike', () => {
  const text = (contrasts: readonly ReadonlyMap<number, number>[]): unknown =>
    contrasts.map((contrast) => [...contrast].sort(([a], [b]) => a - b))
  expect(text(endContrasts(2))).toEqual(text(shapleyContrasts(2)))
  expect(text(endContrasts(1))).toEqual([
    [
      [0, -1],
      [1, 1]
    ]
  ])
})

test('balanced orders: pairs are each other’s reverse, and a round has every player at every place equally often', () => {
  const players = 5
  const orders = balancedOrders(players, createRandom(3))
  const round = Array.from({ length: 2 * players }, () => orders.next().value as number[])
  const counts = Array.from({ length: players }, () => new Array<number>(players).fill(0))
  round.forEach((order, index) => {
    if (index % 2 === 1) expect(order).toEqual([...round[index - 1]!].reverse())
    order.forEach((player, place) => counts[player]![place]!++)
  })
  expect(counts.flat()).toEqual(new Array(25).fill(2))
  expect(coalitionsOf([2, 0, 1])).toEqual([0, 4, 5, 7])
  expect(bitCount(0b1011)).toBe(3)
})

test('sampled orders come to the Shapley values', () => {
  const players = 7
  const worth = randomGame(players, 11)
  const orders = balancedOrders(players, createRandom(5))
  const many = Array.from({ length: 2 * players * 400 }, () => orders.next().value as number[])
  const sampled = orderContrasts(players, many).map((contrast) => valueOf(contrast, worth))
  shapleyValues(players, worth).forEach((value, player) =>
    expect(Math.abs(sampled[player]! - value)).toBeLessThan(0.02)
  )
})

test('more players than a mask has bits are refused', () => {
  expect(() => grandCoalition(31)).toThrow(RangeError)
})
