/**
 * Dividing the worth of a coalition among its players, and the coalitions that one has to know for it.
 *
 * A coalition is a bit mask: bit i is set when player i is in it. Each division is a list of contrasts, one a player: the weights
 * with which the worths of coalitions add up to the player's part. The worths may be numbers, or whole columns of outcomes.
 */
import type { Random } from '../random'

/** Coalition → weight. */
export type Contrast = ReadonlyMap<number, number>

/** More do not fit the bits of a mask. */
export const MOST_PLAYERS = 30

/** Everybody. @throws RangeError when there are too many players for a mask */
export function grandCoalition(players: number): number {
  if (players < 0 || players > MOST_PLAYERS) throw new RangeError(`${players} players do not fit a mask.`)
  return 2 ** players - 1
}

export const without = (coalition: number, player: number): number => coalition & ~(1 << player)
export const withPlayer = (coalition: number, player: number): number => coalition | (1 << player)

/**
 * What each player adds to nobody and what to all the others, each counting half. Pairwise synergies come out as in the Shapley
 * value; those of three and more players do not add up to the whole, which is what makes them visible.
 */
export function endContrasts(players: number): Contrast[] {
  const all = grandCoalition(players)
  return Array.from({ length: players }, (_, player) =>
    sumOf([
      [withPlayer(0, player), 0.5],
      [0, -0.5],
      [all, 0.5],
      [without(all, player), -0.5]
    ])
  )
}

/**
 * Shapley 1953, 'A value for n-person games': the mean of what a player adds over all orders in which the players may come. A
 * coalition of s others comes before the player in s!(n − s − 1)!/n! of them. Takes 2ⁿ worths.
 */
export function shapleyContrasts(players: number): Contrast[] {
  const all = grandCoalition(players)
  // 1/(n·C(n − 1, s)), which does not overflow as factorials do.
  const shares = [1 / Math.max(1, players)]
  for (let size = 1; size < players; size++) shares.push((shares[size - 1]! * size) / (players - size))
  return Array.from({ length: players }, (_, player) => {
    const terms: [number, number][] = []
    for (let others = 0; others <= all; others++) {
      if (others & (1 << player)) continue
      const share = shares[bitCount(others)]!
      terms.push([withPlayer(others, player), share], [others, -share])
    }
    return sumOf(terms)
  })
}

/** The mean over some orders of what each player adds to those before it: unbiased when they are drawn evenly (Castro et al. 2009). */
export function orderContrasts(players: number, orders: readonly (readonly number[])[]): Contrast[] {
  const terms = Array.from({ length: players }, (): [number, number][] => [])
  const share = 1 / orders.length
  for (const order of orders) {
    let before = 0
    for (const player of order) {
      const after = withPlayer(before, player)
      terms[player]!.push([after, share], [before, -share])
      before = after
    }
  }
  return terms.map(sumOf)
}

/** The coalitions on the way from nobody to everybody. */
export function coalitionsOf(order: readonly number[]): number[] {
  const passed = [0]
  for (const player of order) passed.push(withPlayer(passed.at(-1)!, player))
  return passed
}

/**
 * Orders in pairs, each followed by its reverse (antithetic: Mitchell et al. 2022, https://jmlr.org/papers/v23/21-0439.html), in
 * rounds of all rotations of a random order, so that every player comes at every place equally often (stratified by place:
 * Castro et al. 2017, https://doi.org/10.1016/j.cor.2017.01.019). Without an end.
 */
export function* balancedOrders(players: number, random: Pick<Random, 'permutation'>): Generator<number[]> {
  for (;;) {
    const order = [...random.permutation(players)]
    for (let start = 0; start < players; start++) {
      const rotated = [...order.slice(start), ...order.slice(0, start)]
      yield rotated
      yield [...rotated].reverse()
    }
  }
}

/** @param worth of a coalition */
export function valueOf(contrast: Contrast, worth: (coalition: number) => number): number {
  let sum = 0
  for (const [coalition, weight] of contrast) sum += weight * worth(coalition)
  return sum
}

/** Of each player, in a game whose every worth is known. They add up to the worth of all less that of nobody. */
export const shapleyValues = (players: number, worth: (coalition: number) => number): number[] =>
  shapleyContrasts(players).map((contrast) => valueOf(contrast, worth))

export function bitCount(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}

/** What cancels is left out: a coalition of weight 0 need not be known. */
function sumOf(terms: readonly (readonly [number, number])[]): Contrast {
  const sum = new Map<number, number>()
  for (const [coalition, weight] of terms) sum.set(coalition, (sum.get(coalition) ?? 0) + weight)
  for (const [coalition, weight] of sum) if (Math.abs(weight) < 1e-12) sum.delete(coalition)
  return sum
}
