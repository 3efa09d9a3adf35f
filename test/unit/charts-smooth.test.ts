import { describe, expect, it } from 'vitest'
import { bySeries, latestValue, toCurve } from '../../renderer/charts/series'
import { smooth } from '../../renderer/charts/smooth'
import { sparkPath } from '../../renderer/charts/spark-path'
import { describeCurves, formatValue, formatX } from '../../renderer/charts/summary'
import type { MetricPoint, SeriesName } from '@shared/domain/run'

const points = (ys: number[]) => ys.map((y, x) => ({ x, y }))
const metric = (series: SeriesName, step: number, value: number | null): MetricPoint => ({
  series,
  step,
  epoch: step / 10,
  timeMs: step * 100,
  value
})

describe('smooth', () => {
  it('leaves a constant constant, and nothing at weight 0', () => {
    const flat = points(new Array<number>(50).fill(3))
    for (const { y } of smooth(flat, 0.9)) expect(y).toBeCloseTo(3, 12)
    expect(smooth(flat, 0)).toBe(flat)
  })

  it('is debiased: it begins at the first value', () => {
    expect(smooth(points([5, 1, 1]), 0.99)[0]!.y).toBe(5)
  })

  it('follows the documented recurrence', () => {
    const [, second] = smooth(points([1, 0]), 0.25, 1000)
    // One unit of a span of 1000 is one step: base √0.25 = 0.5, debiased (1·0.5 + 0)/(1·0.5 + 1).
    expect(second!.y).toBeCloseTo(1 / 3, 12)
  })

  it('smooths more with a larger weight, and never leaves the range of the values', () => {
    const ys = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 0 : 1))
    const spread = (weight: number): number => {
      const tail = smooth(points(ys), weight).slice(100)
      expect(tail.every(({ y }) => y >= 0 && y <= 1)).toBe(true)
      return Math.max(...tail.map(({ y }) => y)) - Math.min(...tail.map(({ y }) => y))
    }
    expect(spread(0.99)).toBeLessThan(spread(0.5))
  })

  it('keeps gaps and goes on after them', () => {
    const result = smooth(points([1, Number.NaN, 1]), 0.8)
    expect(Number.isNaN(result[1]!.y)).toBe(true)
    expect(result[2]!.y).toBeCloseTo(1, 12)
  })

  it('does not depend on how densely the same line is sampled', () => {
    const dense = Array.from({ length: 1001 }, (_, index) => ({ x: index / 10, y: index / 10 }))
    const sparse = dense.filter((_, index) => index % 5 === 0)
    const [a, b] = [smooth(dense, 0.95).at(-1)!.y, smooth(sparse, 0.95).at(-1)!.y]
    expect(Math.abs(a - b)).toBeLessThan(1)
  })
})

describe('series', () => {
  it('sorts points into series and adds to them without changing what was there', () => {
    const first = bySeries([metric('train_loss', 1, 2), metric('validation_loss', 10, 1)])
    const before = first.train_loss
    const second = bySeries([metric('train_loss', 2, null)], first)
    expect(before).toHaveLength(1)
    expect(second.train_loss!.map(({ step }) => step)).toEqual([1, 2])
    expect(second.validation_loss).toBe(first.validation_loss)
    expect(latestValue(second, 'train_loss')).toBe(2)
    expect(latestValue(second, 'learning_rate')).toBeNull()
  })

  it('turns null into a gap, on each axis', () => {
    const metrics = bySeries([metric('train_loss', 20, null)])
    expect(toCurve(metrics, 'train_loss', 'step')[0]!.x).toBe(20)
    expect(toCurve(metrics, 'train_loss', 'epoch')[0]!.x).toBe(2)
    expect(toCurve(metrics, 'train_loss', 'time')[0]!.x).toBe(2)
    expect(toCurve(metrics, 'train_loss', 'step')[0]!.y).toBeNaN()
  })
})

describe('charts in words', () => {
  it('says where a curve began, ended and was best', () => {
    const words = describeCurves(
      'Loss',
      [{ id: 'a', label: 'Validation', color: '#000000', points: points([3, 1, Number.NaN, 2]) }],
      'epoch'
    )
    expect(words).toBe('Loss by epoch. Validation: from 3.000 to 2.000, lowest 1.000 at epoch 1, 1 values not finite.')
  })

  it('calls the highest accuracy the best, and an empty curve empty', () => {
    const base = { id: 'a', label: 'A', color: '#000000', unit: 'percent' as const }
    expect(describeCurves('Accuracy', [{ ...base, points: points([0.2, 0.8, 0.5]) }], 'step')).toContain(
      'highest 80.0 % at step 1'
    )
    expect(describeCurves('Accuracy', [{ ...base, points: [] }], 'step')).toContain('no values yet')
  })

  it('writes values in few characters', () => {
    expect(formatValue(Number.NaN)).toBe('–')
    expect(formatValue(0.4123)).toBe('0.412')
    expect(formatValue(12.34)).toBe('12.3')
    expect(formatX(90, 'time')).toBe('1 min 30 s')
    expect(formatX(2.5, 'epoch')).toBe('epoch 2.50')
  })
})

describe('sparkPath', () => {
  it('stays in its box, breaks at gaps, and marks the lowest point', () => {
    const { path, low } = sparkPath(points([5, 1, Number.NaN, 3]), 80, 20)
    expect(path.match(/M/g)).toHaveLength(2)
    expect(low).toEqual({ x: 27.7, y: 17 })
    const numbers = path.match(/[\d.]+/g)!.map(Number)
    expect(numbers.every((value, index) => value >= 0 && value <= (index % 2 === 0 ? 80 : 20))).toBe(true)
  })

  it('draws nothing of nothing', () => {
    expect(sparkPath([], 80, 20)).toEqual({ path: '', low: null })
  })
})
