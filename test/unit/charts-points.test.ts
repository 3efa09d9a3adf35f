import { describe, expect, it } from 'vitest'
import { isolated, nearestPoint, reduceMinMax, visiblePoints, xBounds, type Point } from '../../renderer/charts/points'

const line = (ys: number[]): Point[] => ys.map((y, x) => ({ x, y }))
/** Repeatable noise: a linear congruential generator. */
const noise = (count: number, seed: number): number[] => {
  let state = seed
  return Array.from({ length: count }, () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648)
}
const columnOf = (points: readonly Point[], x: number, columns: number): number => {
  const [start, end] = [points[0]!.x, points.at(-1)!.x]
  return Math.min(columns - 1, Math.floor(((x - start) / (end - start)) * columns))
}

describe('reduceMinMax', () => {
  it('keeps the extremes of every column, on noise', () => {
    const points = line(noise(10_000, 7))
    const columns = 100
    const kept = new Set(reduceMinMax(points, columns))
    for (let column = 0; column < columns; column++) {
      const inColumn = points.filter(({ x }) => columnOf(points, x, columns) === column)
      const ys = inColumn.map(({ y }) => y)
      const keptYs = inColumn.filter((point) => kept.has(point)).map(({ y }) => y)
      expect(Math.max(...keptYs)).toBe(Math.max(...ys))
      expect(Math.min(...keptYs)).toBe(Math.min(...ys))
    }
  })

  it('keeps a single spike anywhere, and the ends', () => {
    for (const place of [0, 1, 4999, 7777, 9998, 9999]) {
      const ys = new Array<number>(10_000).fill(1)
      ys[place] = 1000
      const kept = reduceMinMax(line(ys), 50)
      expect(kept.some(({ x, y }) => x === place && y === 1000)).toBe(true)
      expect(kept[0]!.x).toBe(0)
      expect(kept.at(-1)!.x).toBe(9999)
    }
  })

  it('leaves at most five points a column, in order, none twice, all of them original', () => {
    const points = line(noise(5000, 3).map((y, index) => (index % 3 === 0 ? Number.NaN : y)))
    const kept = reduceMinMax(points, 64)
    expect(kept.length).toBeLessThanOrEqual(5 * 64)
    expect(new Set(kept).size).toBe(kept.length)
    expect(kept.every((point, index) => index === 0 || point.x > kept[index - 1]!.x)).toBe(true)
    const originals = new Set(points)
    expect(kept.every((point) => originals.has(point))).toBe(true)
  })

  it('keeps gaps as gaps', () => {
    const ys = noise(4000, 11).map((y, index) => (index >= 1000 && index < 1500 ? Number.NaN : y))
    const kept = reduceMinMax(line(ys), 80)
    const inGap = kept.filter(({ x }) => x >= 1000 && x < 1500)
    expect(inGap.length).toBeGreaterThan(0)
    expect(inGap.every(({ y }) => Number.isNaN(y))).toBe(true)
    const before = kept.findLastIndex(({ x }) => x < 1000)
    expect(Number.isNaN(kept[before + 1]!.y)).toBe(true)
  })

  it('survives columns of nothing but gaps, one x for all, and uneven x', () => {
    expect(reduceMinMax(line(new Array<number>(500).fill(Number.NaN)), 10).length).toBeGreaterThan(0)
    const same = Array.from({ length: 300 }, (_, index) => ({ x: 5, y: index }))
    const kept = reduceMinMax(same, 20)
    expect(kept.map(({ y }) => y)).toEqual([0, 299])
    const uneven = Array.from({ length: 1000 }, (_, index) => ({ x: index < 999 ? index / 1000 : 1000, y: index % 17 }))
    expect(reduceMinMax(uneven, 30).some(({ y }) => y === 16)).toBe(true)
  })

  it('gives back the same array when nothing is gained', () => {
    const points = line([1, 2, 3])
    expect(reduceMinMax(points, 100)).toBe(points)
    expect(reduceMinMax([], 100)).toEqual([])
  })
})

describe('searching points', () => {
  it('takes one neighbour on either side of what is in view', () => {
    const points = line([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(visiblePoints(points, 3.5, 5.5).map(({ x }) => x)).toEqual([3, 4, 5, 6, 7])
    expect(visiblePoints(points, -1, 20)).toBe(points)
  })

  it('finds the nearest finite point, past gaps', () => {
    const points = line([1, Number.NaN, Number.NaN, 4])
    expect(nearestPoint(points, 1.2)!.x).toBe(0)
    expect(nearestPoint(points, 1.9)!.x).toBe(3)
    expect(nearestPoint(points, 99)!.x).toBe(3)
    expect(nearestPoint(line([Number.NaN]), 0)).toBeNull()
    expect(nearestPoint([], 0)).toBeNull()
  })

  it('knows bounds over several curves, and points that a line would not show', () => {
    expect(xBounds([line([1, 2]), [], [{ x: -3, y: 0 }]])).toEqual([-3, 1])
    expect(xBounds([[]])).toBeNull()
    const points = line([Number.NaN, 1, Number.NaN, 2, 3])
    expect([0, 1, 2, 3, 4].map((index) => isolated(points, index))).toEqual([false, true, false, false, false])
  })
})
