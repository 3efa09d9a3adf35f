import { describe, expect, it } from 'vitest'
import { derive, fromState } from '../../../main/engine/training/random'

const draws = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw)
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const variance = (values: number[]): number => mean(values.map((value) => value ** 2)) - mean(values) ** 2

describe('derive', () => {
  it('gives the same stream for the same seed and labels, and another for any other', () => {
    const first = (...labels: [number, ...(string | number)[]]): string => draws(4, derive(...labels).uint32).join()
    expect(first(7, 'augment', 1, 12)).toBe(first(7, 'augment', 1, 12))
    const others = [
      first(7, 'augment', 1, 12),
      first(7, 'augment', 11, 2),
      first(8, 'augment', 1, 12),
      first(7, 'order')
    ]
    others.push(first(7, 'augment', '1', 12), first(7, 'augment', 1))
    expect(new Set(others).size).toBe(others.length)
  })

  it('gives neighbouring labels streams that have nothing to do with each other', () => {
    const firsts = draws(4000, () => 0).map((_, index) => derive(3, 'image', index).float())
    expect(mean(firsts)).toBeCloseTo(0.5, 1)
    const products = firsts.slice(1).map((value, index) => (value - 0.5) * (firsts[index]! - 0.5))
    expect(Math.abs(mean(products) * 12)).toBeLessThan(0.05)
  })
})

describe('fromState', () => {
  it('goes on with the very next draw, whatever was drawn before, through JSON', () => {
    const random = derive(5, 'dropout')
    draws(3, random.normal)
    random.fill(new Int32Array(17))
    random.beta(0.2, 0.2)
    for (const draw of ['normal', 'float', 'uint32'] as const) {
      const copy = fromState(JSON.parse(JSON.stringify(random.state())) as number[])
      expect(draws(9, copy[draw])).toEqual(draws(9, random[draw]))
      expect([...copy.permutation(50)]).toEqual([...random.permutation(50)])
    }
  })

  it('refuses what is not a state', () => {
    for (const numbers of [[], [1, 2, 3], [1, 2, 3, 4.5], [1, 2, 3, 4, Number.NaN], [1, 2, 3, 4, 5, 6]]) {
      expect(() => fromState(numbers)).toThrow(RangeError)
    }
  })
})

describe('distributions', () => {
  it('has the moments of a uniform', () => {
    const values = draws(20_000, () => random.uniform(-2, 4))
    expect(mean(values)).toBeCloseTo(1, 1)
    expect(variance(values)).toBeCloseTo(3, 0)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2)
    expect(Math.max(...values)).toBeLessThan(4)
  })

  it.each([
    [0.1, 0.1],
    [0.4, 0.4],
    [1, 1],
    [2, 5],
    [0.01, 0.01]
  ])('has the moments of Beta(%f, %f)', (a, b) => {
    const values = draws(20_000, () => random.beta(a, b))
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true)
    expect(Math.abs(mean(values) - a / (a + b))).toBeLessThan(0.012)
    expect(Math.abs(variance(values) - (a * b) / ((a + b) ** 2 * (a + b + 1)))).toBeLessThan(0.01)
  })

  const random = derive(11, 'moments')
})
