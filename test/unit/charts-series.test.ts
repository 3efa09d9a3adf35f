import { describe, expect, it } from 'vitest'
import { bySeries, latestValue, toCurve, toPoints } from '../../renderer/charts/series'
import { sparkPath } from '../../renderer/charts/spark-path'
import { describeCurves, formatValue, formatX } from '../../renderer/charts/summary'
import type { MetricPoint, SeriesName } from '@shared/domain/run'

const points = (ys: number[]) => ys.map((y, x) => ({ x, y }))
const columns = (ys: number[]) => ({ x: Float64Array.from(ys, (_, x) => x), y: Float64Array.from(ys) })
const metric = (series: SeriesName, step: number, value: number | null): MetricPoint => ({
  series,
  step,
  epoch: step / 10,
  timeMs: step * 100,
  value
})

describe('series', () => {
  it('sorts points into series, and adds to them in place, in a new object', () => {
    const first = bySeries([metric('train_loss', 1, 2), metric('validation_loss', 10, 1)])
    const second = bySeries([metric('train_loss', 2, null)], first)
    expect(second).not.toBe(first)
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
    expect([...toPoints(metrics, 'train_loss', 'time').x]).toEqual([2])
    expect(toPoints(metrics, 'train_loss', 'time').y[0]).toBeNaN()
    expect(toPoints(metrics, 'nonesuch', 'step').x).toHaveLength(0)
  })
})

describe('charts in words', () => {
  it('says where a curve began, ended and was best', () => {
    const words = describeCurves(
      'Loss',
      [{ id: 'a', label: 'Validation', color: '#000000', points: columns([3, 1, Number.NaN, 2]) }],
      'epoch'
    )
    expect(words).toBe('Loss by epoch. Validation: from 3.000 to 2.000, lowest 1.000 at epoch 1, 1 values not finite.')
  })

  it('calls the highest accuracy the best, and an empty curve empty', () => {
    const base = { id: 'a', label: 'A', color: '#000000' }
    expect(describeCurves('Accuracy', [{ ...base, points: columns([0.2, 0.8, 0.5]) }], 'step', 'percent')).toContain(
      'highest 80.0 % at step 1'
    )
    expect(describeCurves('Accuracy', [{ ...base, points: columns([]) }], 'step', 'percent')).toContain('no values yet')
  })

  it('tells of many curves as one', () => {
    const lines = Array.from({ length: 30 }, (_, index) => ({
      id: `${index}`,
      label: `run ${index}`,
      color: '#000000',
      points: columns(index === 7 ? [0.5, 9] : [1, 2 + index / 100])
    }))
    expect(describeCurves('Loss', lines, 'step')).toBe(
      'Loss by step. 30 curves; lowest 0.500 at step 0 (run 7), highest 9.000 at step 1 (run 7).'
    )
  })

  it('writes values in few characters', () => {
    expect(formatValue(Number.NaN)).toBe('–')
    expect(formatValue(0.4123)).toBe('0.412')
    expect(formatValue(12.34)).toBe('12.3')
    expect(formatValue(0.5, 'percent')).toBe('50.0 %')
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
