/** Curves cut down to pixels, smoothed and averaged: nothing of note is lost, whatever the curve. */
import { describe, expect, it } from 'vitest'
import { meanBand } from '@shared/curves/mean'
import { unpackColumn } from '@shared/curves/pack'
import { ascendingOrder, boundsOf, lowerBound, nearestIndex, visibleRange, type Points } from '@shared/curves/points'
import { reduceBand, reduceExtremes } from '@shared/curves/reduce'
import { smooth } from '@shared/curves/smooth'

/** Mulberry32: the same cases in each run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const points = (x: number[], y: number[]): Points => ({ x: Float64Array.from(x), y: Float64Array.from(y) })

function randomCurve(random: () => number): Points {
  const length = Math.floor(random() * 3000)
  const gaps = random() < 0.5 ? 0.02 : 0
  const still = random() < 0.3 ? 0.5 : 0
  const x = new Float64Array(length)
  let at = random() * 100 - 50
  for (let index = 0; index < length; index++) x[index] = at += random() < still ? 0 : random() ** 4 * 10
  const y = Float64Array.from(x, () => (random() < gaps ? Number.NaN : random() < 0.001 ? 1e6 : random()))
  return { x, y }
}

interface Column {
  first: number
  last: number
  low: number
  high: number
  gap: boolean
}

/** What each column of pixels shows, computed anew and simply. */
function columnsOf({ x, y }: Points, from: number, to: number, pixels: number): Map<number, Column> {
  const columns = new Map<number, Column>()
  x.forEach((at, index) => {
    if (at < from || at > to) return
    const column = to > from ? Math.min(pixels - 1, Math.floor((at - from) * (pixels / (to - from)))) : 0
    const value = y[index]!
    const known = columns.get(column) ?? { first: value, last: value, low: Infinity, high: -Infinity, gap: false }
    known.last = value
    if (Number.isNaN(value)) known.gap = true
    else {
      known.low = Math.min(known.low, value)
      known.high = Math.max(known.high, value)
    }
    columns.set(column, known)
  })
  return columns
}

describe('reduceExtremes', () => {
  it('keeps the first, the last, the extremes and a gap of every column, in 300 random curves and ranges', () => {
    const random = generator(1)
    let cut = 0
    for (let round = 0; round < 300; round++) {
      const curve = randomCurve(random)
      const [start, end] = boundsOf([curve]) ?? [0, 1]
      const from = start + random() * (end - start) * 0.9 - (round % 3 === 0 ? 5 : 0)
      const to = round % 5 === 0 ? end : from + random() * (end - from + 1)
      const pixels = 1 + Math.floor(random() * 200)
      const reduced = reduceExtremes(curve, { from, to, pixels })
      expect(columnsOf(reduced, from, to, pixels)).toEqual(columnsOf(curve, from, to, pixels))
      expect(ascendingOrder(reduced.x)).toBeNull()
      // Five a column, or two where it is not worth while, and one neighbour on either side.
      expect(reduced.x.length).toBeLessThanOrEqual(pixels * 5 + 2)
      const [first, stop] = visibleRange(curve.x, from, to)
      expect([reduced.x[0], reduced.x.at(-1)]).toEqual(
        stop > first ? [curve.x[first], curve.x[stop - 1]] : [undefined, undefined]
      )
      if (reduced.x.length < stop - first) cut++
    }
    expect(cut).toBeGreaterThan(100)
  })

  it('gives points of the curve, in their order', () => {
    const random = generator(2)
    for (let round = 0; round < 50; round++) {
      const curve = randomCurve(random)
      const [from, to] = boundsOf([curve]) ?? [0, 1]
      const reduced = reduceExtremes(curve, { from, to, pixels: 40 })
      let at = 0
      reduced.x.forEach((x, index) => {
        while (at < curve.x.length && !(curve.x[at] === x && Object.is(curve.y[at], reduced.y[index]))) at++
        expect(at).toBeLessThan(curve.x.length)
        at++
      })
    }
  })

  it('has columns equally wide in log x where that is asked for', () => {
    const curve = points(
      Array.from({ length: 10_000 }, (_, index) => index),
      Array.from({ length: 10_000 }, (_, index) => Math.sin(index))
    )
    const inLog = ({ x, y }: Points): Points => ({ x: x.map(Math.log10), y })
    const reduced = reduceExtremes(curve, { from: 1, to: 9999, pixels: 40, logarithmic: true })
    const columns = columnsOf(inLog(curve), 0, Math.log10(9999), 40)
    expect(columnsOf(inLog(reduced), 0, Math.log10(9999), 40)).toEqual(columns)
    expect([...reduced.x.slice(0, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(reduced.x.length).toBeLessThanOrEqual(40 * 5 + 2)
  })

  it('takes a curve of one point, of none, and of one x', () => {
    expect(reduceExtremes(points([], []), { from: 0, to: 1, pixels: 10 }).x).toHaveLength(0)
    expect([...reduceExtremes(points([3], [5]), { from: 3, to: 3, pixels: 10 }).y]).toEqual([5])
    const upright = points(
      Array(100).fill(2),
      Array.from({ length: 100 }, (_, index) => Math.sin(index))
    )
    const { y } = reduceExtremes(upright, { from: 2, to: 2, pixels: 10 })
    expect(Math.max(...y)).toBe(Math.max(...upright.y))
    expect(Math.min(...y)).toBe(Math.min(...upright.y))
  })
})

describe('reduceBand', () => {
  it('keeps the extremes of every column, and gaps', () => {
    const random = generator(3)
    for (let round = 0; round < 100; round++) {
      const { x, y } = randomCurve(random)
      const low = y.map((value) => value - random())
      const high = y.map((value, index) => (Number.isNaN(low[index]!) ? Number.NaN : value + random()))
      const [from, to] = boundsOf([{ x, y }]) ?? [0, 1]
      const pixels = 1 + Math.floor(random() * 100)
      const reduced = reduceBand({ x, low, high }, { from, to, pixels })
      const extremes = (side: 'low' | 'high', band: { x: Float64Array; low: Float64Array; high: Float64Array }) =>
        [...columnsOf({ x: band.x, y: band[side] }, from, to, pixels)].map(([column, { low, high, gap }]) => ({
          column,
          value: side === 'low' ? low : high,
          gap
        }))
      expect(extremes('low', reduced)).toEqual(extremes('low', { x, low, high }))
      expect(extremes('high', reduced)).toEqual(extremes('high', { x, low, high }))
    }
  })
})

describe('smooth', () => {
  const noisy = points(
    Array.from({ length: 500 }, (_, index) => index),
    Array.from({ length: 500 }, (_, index) => Math.sin(index / 50) + (index % 2 ? 0.5 : -0.5))
  )

  it('is the debiased moving average, written out', () => {
    const { y } = smooth(noisy, 0.9)
    const base = Math.sqrt(0.9) ** (1000 / 499)
    let sum = 0
    let weight = 0
    for (let back = 0; back <= 100; back++) {
      sum += base ** back * noisy.y[100 - back]!
      weight += base ** back
    }
    expect(y[100]).toBeCloseTo(sum / weight, 10)
    expect(y[0]).toBe(noisy.y[0])
  })

  it('changes nothing at weight 0, keeps gaps, and weighs by distance', () => {
    expect(smooth(noisy, 0)).toEqual(noisy)
    const gappy = points([0, 1, 2, 3], [1, Number.NaN, 1, 5])
    expect([...smooth(gappy, 0.5).y].map(Number.isNaN)).toEqual([false, true, false, false])
    const near = smooth(points([0, 1, 1000], [0, 1, 1]), 0.99, 1000).y[1]!
    const far = smooth(points([0, 500, 1000], [0, 1, 1]), 0.99, 1000).y[1]!
    expect(far).toBeGreaterThan(near)
  })
})

describe('meanBand', () => {
  const member = (step: number[], y: number[], x = step) => ({ ...points(x, y), step: Float64Array.from(step) })

  it('averages step by step over those that have a value', () => {
    const { mean, band } = meanBand([member([1, 2, 3], [1, 2, 3]), member([1, 3, 4], [3, Number.NaN, 9])], 'range')
    expect([...mean.x]).toEqual([1, 2, 3, 4])
    expect([...mean.y]).toEqual([2, 2, 3, 9])
    expect([...band.low]).toEqual([1, 2, 3, 9])
    expect([...band.high]).toEqual([3, 2, 3, 9])
  })

  it('has one sample standard deviation to either side, and a gap where nothing is finite', () => {
    const { mean, band } = meanBand(
      [member([1, 2], [1, Number.NaN]), member([1, 2], [2, Number.NaN]), member([1], [6])],
      'deviation'
    )
    expect(mean.y[0]).toBe(3)
    expect(band.high[0]! - 3).toBeCloseTo(Math.sqrt(7), 12)
    expect(3 - band.low[0]!).toBeCloseTo(Math.sqrt(7), 12)
    expect([mean.y[1], band.low[1], band.high[1]]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  it('ascends in x when the mean of the times goes back as a slow run ends', () => {
    const { mean } = meanBand([member([1, 2], [1, 1], [10, 20]), member([1, 2, 3], [1, 1, 7], [1, 2, 3])], 'range')
    expect([...mean.x]).toEqual([3, 5.5, 11])
    expect([...mean.y]).toEqual([7, 1, 1])
  })
})

it('finds places', () => {
  const curve = points([1, 2, 2, 5], [1, Number.NaN, 3, 4])
  expect([0, 2, 3, 9].map((x) => lowerBound(curve.x, x))).toEqual([0, 1, 3, 4])
  expect([0, 1.9, 3.4, 3.6, 9].map((x) => nearestIndex(curve, x))).toEqual([0, 2, 2, 3, 3])
  expect(nearestIndex(points([1], [Number.NaN]), 1)).toBe(-1)
  expect(visibleRange(curve.x, 2, 2)).toEqual([0, 4])
  expect(boundsOf([points([], []), curve])).toEqual([1, 5])
})

it('reads packed columns bit for bit', () => {
  const column = Float64Array.of(0, -0, Math.PI, Number.NaN, 1e300, Number.MIN_VALUE)
  const text = Buffer.from(column.buffer).toString('base64')
  expect(Object.is(unpackColumn(text)[1], -0)).toBe(true)
  expect(unpackColumn(text)).toEqual(column)
  expect(unpackColumn('')).toHaveLength(0)
})
