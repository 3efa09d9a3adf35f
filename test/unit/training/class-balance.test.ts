import { describe, expect, it } from 'vitest'
import { classWeights, epochOrder } from '../../../main/engine/training/class-balance'
import { softTargets } from '../../../main/engine/training/head-data'
import { derive } from '../../../main/engine/training/random'
import { averageDecay, updateAverage } from '../../../main/engine/training/weight-average'

const labels = [0, 0, 0, 0, 0, 0, 1, 1, 2]

describe('class weights', () => {
  it('are n/(k·n_c), whose mean over the images is one', () => {
    const weights = classWeights(labels, 3, 'balanced')
    expect([...weights]).toEqual([9 / 18, 9 / 6, 9 / 3])
    expect(labels.reduce((sum, label) => sum + weights[label]!, 0)).toBeCloseTo(9)
    expect([...classWeights(labels, 3, 'none')]).toEqual([1, 1, 1])
  })

  it('leave out classes that have no images', () => {
    expect([...classWeights([0, 0, 2, 2], 3, 'balanced')]).toEqual([1, 0, 1])
  })

  it('scale the targets of their images', () => {
    const targets = softTargets([0, 1], 2, 0.1, Float32Array.of(1, 3))
    expect([...targets]).toEqual([0.95, 0.05, 0.15, 2.85].map((value) => expect.closeTo(value, 6)))
  })
})

describe('the order of an epoch', () => {
  const count = (order: Int32Array): number[] =>
    [0, 1, 2].map((label) => order.filter((row) => labels[row] === label).length)

  it('shuffled: every row once', () => {
    const order = epochOrder(labels, 3, 'shuffle', derive(1, 'order'))
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('balanced: as many rows, every class equally often, none again before its class is through', () => {
    const order = epochOrder(labels, 3, 'balanced', derive(1, 'order'))
    expect(count(order)).toEqual([3, 3, 3])
    const second = [...order].filter((row) => labels[row] === 1)
    expect(new Set(second.slice(0, 2))).toEqual(new Set([6, 7]))
    expect(new Set([...order].filter((row) => labels[row] === 0)).size).toBe(3)
    expect(epochOrder(labels, 3, 'balanced', derive(1, 'order'))).toEqual(order)
    expect(epochOrder(labels, 3, 'balanced', derive(2, 'order'))).not.toEqual(order)
  })

  it('balanced, and a class without images', () => {
    expect([...epochOrder([0, 0, 2, 2], 3, 'balanced', derive(1, 'order'))].sort()).toEqual([0, 1, 2, 3])
  })
})

describe('the average of the weights', () => {
  it('forgets quickly at first', () => {
    expect(averageDecay(0.999, 1)).toBeCloseTo(2 / 11, 12)
    expect(averageDecay(0.999, 100_000)).toBe(0.999)
  })

  it('follows its formula', () => {
    const average = [Float32Array.of(0)]
    updateAverage(average, [Float32Array.of(1)], 0.5, 1)
    expect(average[0]![0]).toBeCloseTo(1 - 2 / 11, 6)
    updateAverage(average, [Float32Array.of(3)], 0.5, 100)
    expect(average[0]![0]).toBeCloseTo(0.5 * (9 / 11) + 0.5 * 3, 5)
  })
})
