import { describe, expect, test } from 'vitest'
import type { Split } from '@shared/domain/dataset'
import { applyTemperature, fitTemperature } from '@shared/statistics/temperature'
import { describeCalibration } from '../../main/cli/commands/calibrate'
import { fitCalibration } from '../../main/services/runs/calibrate'
import type { SplitProbabilities } from '../../main/store/store'
import { makeRun } from '../fixtures/run'

/** So many images of a cat, told so surely, of which some are dogs. */
function columns(count: number, wrong: number, sure: number): SplitProbabilities {
  const truth = Int32Array.from({ length: count }, (_, index) => Number(index < wrong))
  const probabilities = Float32Array.from({ length: 2 * count }, (_, place) => (place % 2 === 0 ? sure : 1 - sure))
  return { imageIds: truth.map((_, index) => index), truth, probabilities }
}

const storeOf = (splits: Partial<Record<Split, SplitProbabilities>>) => ({
  probabilities: (_: string, split: Split) => Promise.resolve(splits[split] ?? columns(0, 0, 0))
})

describe('calibrating a run', () => {
  test('that says .99 and is right in nine of ten images brings it to .9', async () => {
    const store = storeOf({ validation: columns(100, 10, 0.99), test: columns(50, 5, 0.99) })
    const calibration = await fitCalibration(store, makeRun())
    // The logit of .99 over that of .9.
    expect(calibration.temperature).toBeCloseTo(Math.log(99) / Math.log(9), 5)
    expect(calibration.count).toBe(100)
    expect(calibration.eceBefore).toBeCloseTo(0.09, 5)
    expect(calibration.eceAfter).toBeCloseTo(0, 5)
    expect(calibration.nllBefore).toBeCloseTo(-0.9 * Math.log(0.99) - 0.1 * Math.log(0.01), 5)
    expect(calibration.nllAfter).toBeCloseTo(-0.9 * Math.log(0.9) - 0.1 * Math.log(0.1), 5)
    const text = describeCalibration({ name: 'mine' }, calibration)
    expect(text).toContain('mine was too sure: temperature 2.091, fitted on 100 validation images.')
    expect(text).toMatch(/expected calibration error +9\.0 % +0\.0 %/)
  })

  test.each([
    ['every validation image is right', columns(20, 0, 0.9)],
    ['it knows less than a guess', columns(20, 15, 0.9)]
  ])('tells no temperature where %s', async (_, validation) => {
    const calibration = await fitCalibration(storeOf({ validation, test: columns(20, 2, 0.9) }), makeRun())
    expect(calibration.temperature).toBe(1)
    expect(calibration.nllAfter).toBe(calibration.nllBefore)
    expect(describeCalibration({ name: 'mine' }, calibration)).toContain('20 validation images tell no temperature')
  })

  test.each(['validation', 'test'] as const)('needs predictions of %s', async (split) => {
    const splits = { validation: columns(5, 1, 0.9), test: columns(5, 1, 0.9), [split]: columns(0, 0, 0) }
    await expect(fitCalibration(storeOf(splits), makeRun({ name: 'mine' }))).rejects.toMatchObject({
      code: 'run/uncalibratable',
      message: `'mine' has no predictions of the ${split} images.`
    })
  })
})

describe('a temperature', () => {
  test('is found where a probability was rounded to 0', () => {
    // A third of those that say .9 are wrong: as on their own, whatever a certainty that is right adds.
    const probabilities = Float32Array.of(1, 0, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1)
    const fit = fitTemperature(probabilities, [0, 1, 0, 0])
    expect(fit.atBound).toBe(false)
    expect(fit.temperature).toBeCloseTo(Math.log(9) / Math.log(2), 5)
    expect(fit.nllAfter).toBeLessThan(fit.nllBefore)
  })

  test('of almost nothing sharpens to certainty without dividing by 0', () => {
    expect([...applyTemperature([1e-30, 2e-30, 0.7, 0.3], 2, 0.01)]).toEqual([
      expect.closeTo(0),
      1,
      1,
      expect.closeTo(0)
    ])
  })
})
