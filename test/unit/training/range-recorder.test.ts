import { expect, it } from 'vitest'
import { RANGE_STEPS, rangeRate, RangeRecorder } from '../../../main/engine/training/range-test/range-recorder'

/** Feeds losses until it has enough. @returns the steps taken */
function feed(recorder: RangeRecorder, lossAt: (rate: number) => number): number {
  for (let step = 0; step < RANGE_STEPS; step++) {
    if (!recorder.add(rangeRate(step), lossAt(rangeRate(step)))) return step + 1
  }
  return RANGE_STEPS
}

it('climbs from 1e-7 to 10 by one factor', () => {
  expect(rangeRate(0)).toBeCloseTo(1e-7, 12)
  expect(rangeRate(RANGE_STEPS - 1)).toBeCloseTo(10, 8)
  expect(rangeRate(11) / rangeRate(10)).toBeCloseTo(rangeRate(51) / rangeRate(50), 10)
})

it('suggests a rate between where the loss begins to fall and where it runs away', () => {
  const recorder = new RangeRecorder()
  // Falls over the decades around 1e-3, explodes beyond 0.1.
  const steps = feed(recorder, (rate) => 2 - 1.5 / (1 + (1e-3 / rate) ** 2) + (rate > 0.1 ? (rate / 0.1) ** 3 : 0))
  const { suggested, steepest, stoppedAt, points } = recorder.result()
  expect(steps).toBeLessThan(RANGE_STEPS)
  expect(points).toHaveLength(steps)
  expect(stoppedAt).toBeGreaterThan(0.1)
  expect(steepest).toBeGreaterThan(5e-4)
  expect(steepest).toBeLessThan(0.05)
  expect(suggested).toBeGreaterThan(1e-5)
  expect(suggested).toBeLessThan(0.1)
})

it('stops at a loss that is no number, and keeps the curve before it', () => {
  const recorder = new RangeRecorder()
  const steps = feed(recorder, (rate) => (rate > 1e-2 ? NaN : 1))
  const { points, stoppedAt, suggested, basis } = recorder.result()
  expect(points).toHaveLength(steps - 1)
  expect(points.every(({ loss }) => Number.isFinite(loss))).toBe(true)
  expect(stoppedAt).toBeGreaterThan(1e-2)
  // It never fell: what is known is where it ends.
  expect(basis).toBe('ceiling')
  expect(suggested).toBeCloseTo(points.at(-1)!.rate / 10, 12)
})

it('has nothing to say of no steps', () => {
  expect(new RangeRecorder().result()).toEqual({
    points: [],
    suggested: null,
    basis: null,
    steepest: null,
    stoppedAt: null
  })
})

it('suggests of a network that has learned already a tenth of where its flat curve turns up', () => {
  const recorder = new RangeRecorder()
  feed(recorder, (rate) => 0.42 - 0.002 * Math.log10(rate / 1e-7) + (rate > 1e-3 ? (1000 * rate) ** 2 : 0))
  const { suggested, basis, steepest } = recorder.result()
  expect(basis).toBe('ceiling')
  expect(suggested).toBeGreaterThan(5e-5)
  expect(suggested).toBeLessThan(5e-4)
  expect(steepest).toBeNull()
})
