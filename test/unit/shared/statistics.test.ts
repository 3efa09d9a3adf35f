import { describe, expect, it } from 'vitest'
import {
  accuracyOf,
  classMetrics,
  confusionMatrix,
  macroF1,
  meanCrossEntropy,
  predictedClasses
} from '@shared/statistics/classification'
import { wilsonInterval } from '@shared/statistics/intervals'
import { mcnemarExact } from '@shared/statistics/mcnemar'

describe('wilsonInterval', () => {
  it('matches the published formula', () => {
    // Solved apart, as the two roots p of (s/n − p)² = z²·p·(1 − p)/n.
    for (const [successes, count] of [
      [8, 10],
      [117, 150],
      [1, 3]
    ] as const) {
      const [low, high] = wilsonInterval(successes, count)
      for (const root of [low, high]) {
        expect((successes / count - root) ** 2).toBeCloseTo((1.959963984540054 ** 2 * root * (1 - root)) / count, 12)
      }
      expect(low).toBeLessThan(successes / count)
      expect(high).toBeGreaterThan(successes / count)
    }
    expect(wilsonInterval(8, 10)[0]).toBeCloseTo(0.4902, 4)
    expect(wilsonInterval(8, 10)[1]).toBeCloseTo(0.9433, 4)
    expect(wilsonInterval(0, 20)).toEqual([0, expect.closeTo(0.1611, 4)])
    expect(wilsonInterval(20, 20)).toEqual([expect.closeTo(0.8389, 4), 1])
  })

  it('knows nothing from nothing', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1])
  })
})

describe('mcnemarExact', () => {
  it('is the two-sided binomial tail', () => {
    expect(mcnemarExact(1, 9)).toBeCloseTo(22 / 1024, 12)
    expect(mcnemarExact(9, 1)).toBeCloseTo(22 / 1024, 12)
    expect(mcnemarExact(0, 5)).toBeCloseTo(2 / 32, 12)
    expect(mcnemarExact(0, 1)).toBe(1)
    expect(mcnemarExact(0, 0)).toBe(1)
    expect(mcnemarExact(4, 4)).toBe(1)
  })

  it('does not underflow', () => {
    const p = mcnemarExact(2000, 2200)
    // Normal approximation with continuity correction: z = 199 / sqrt(4200) = 3.0706, p = .002136.
    expect(p).toBeGreaterThan(0.0019)
    expect(p).toBeLessThan(0.0024)
  })
})

describe('classification', () => {
  // scikit-learn's own example of precision_recall_fscore_support: macro F1 .26666.
  const truth = [0, 1, 2, 0, 1, 2]
  const predicted = [0, 2, 1, 0, 0, 1]
  const confusion = confusionMatrix(truth, predicted, 3)

  it('counts', () => {
    expect(confusion).toEqual([
      [2, 0, 0],
      [1, 0, 1],
      [0, 2, 0]
    ])
    expect(accuracyOf(confusion)).toBeCloseTo(1 / 3, 12)
  })

  it('gives precision, recall and F1', () => {
    const [first, second] = classMetrics(confusion)
    expect(first).toEqual({ precision: 2 / 3, recall: 1, f1: 0.8, support: 2 })
    expect(second).toEqual({ precision: 0, recall: 0, f1: 0, support: 2 })
    expect(macroF1(confusion)).toBeCloseTo(0.8 / 3, 12)
  })

  it('leaves classes that never occur out of the macro mean', () => {
    expect(
      macroF1([
        [3, 0, 0],
        [0, 2, 0],
        [0, 0, 0]
      ])
    ).toBe(1)
    expect(macroF1([])).toBe(0)
  })

  it('takes the cross-entropy of the truth', () => {
    const probabilities = [0.5, 0.25, 0.25, 0.1, 0.8, 0.1]
    expect(meanCrossEntropy(probabilities, [0, 1], 3)).toBeCloseTo((Math.log(2) - Math.log(0.8)) / 2, 12)
    expect(meanCrossEntropy([1, 0], [1], 2)).toBeCloseTo(Math.log(1e7), 6)
    expect(meanCrossEntropy([NaN, NaN], [1], 2)).toBeNaN()
    expect([...predictedClasses(probabilities, 3)]).toEqual([0, 1])
  })
})
