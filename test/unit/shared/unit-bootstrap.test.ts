import { expect, test } from 'vitest'
import { createRandom } from '@shared/random'
import { meanInterval, unitBootstrap } from '@shared/statistics/unit-bootstrap'

/** Units with an effect of their own, and images with one that all units share. */
function sample(units: number, columns: number, seed: number): Float64Array[] {
  const random = createRandom(seed)
  const shared = Float64Array.from({ length: columns }, () => random.normal())
  return Array.from({ length: units }, () => {
    const own = 0.2 * random.normal()
    return shared.map((value) => 0.5 + value + own + random.normal())
  })
}

test('95 % intervals hold the true mean in about 95 of 100 samples, whichever way it varies', () => {
  let held = 0
  for (let trial = 0; trial < 300; trial++) {
    const { low, high } = unitBootstrap(sample(6, 80, trial), { resamples: 400, seed: trial })!
    if (low! <= 0.5 && high! >= 0.5) held++
  }
  expect(held / 300).toBeGreaterThan(0.9)
  expect(held / 300).toBeLessThanOrEqual(0.99)
})

test('the value is the mean; the same seed gives the same interval; of one unit only the columns vary', () => {
  const units = [Float32Array.of(1, 0, 1, 1), Float32Array.of(0, 0, 1, 1)]
  const interval = unitBootstrap(units)!
  expect(interval.value).toBeCloseTo(0.625, 6)
  expect(unitBootstrap(units)).toEqual(interval)
  expect(unitBootstrap([Float32Array.of(0.25, 0.25)])).toEqual({ value: 0.25, low: 0.25, high: 0.25 })
  expect(unitBootstrap([])).toBeNull()
})

test('a mean of a few has a t interval, of one none, of none nothing', () => {
  // 7/3 ± t·√(7/9), with t = 4.30265 of two degrees of freedom.
  const { value, low, high } = meanInterval([1, 2, 4])!
  expect([value, low!, high!].map((number) => Number(number.toFixed(3)))).toEqual([2.333, -1.461, 6.128])
  expect(meanInterval([3])).toEqual({ value: 3, low: null, high: null })
  expect(meanInterval([])).toBeNull()
})
