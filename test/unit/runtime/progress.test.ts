import { expect, test } from 'vitest'
import { planRuntime } from '../../../main/engine/runtime/plan'
import { phasesOf, ProgressMeter } from '../../../main/engine/runtime/progress'

const PHASES = [
  { name: 'Fetching', share: 0.7, expectedSeconds: 30 },
  { name: 'Unpacking', share: 0.2, expectedSeconds: 8 },
  { name: 'Compiling', share: 0.1, expectedSeconds: 5 }
]

function meterWithClock() {
  const clock = { now: 1000 }
  return { clock, meter: new ProgressMeter(PHASES, () => clock.now) }
}

test('the share of a phase is added to those before it', () => {
  const { meter } = meterWithClock()
  meter.enter(0)
  expect(meter.at(0.5).progress).toBeCloseTo(0.35)
  expect(meter.enter(1)).toMatchObject({ phase: 'Unpacking', progress: expect.closeTo(0.7) })
  expect(meter.at(1).progress).toBeCloseTo(0.9)
})

test('the network has no ETA before it has been measured; then it is its rate, and what the other phases take', () => {
  const { clock, meter } = meterWithClock()
  meter.enter(0)
  expect(meter.at(0).etaSeconds).toBeNull()
  clock.now += 5000
  // What was there when the first byte was seen (another start's wheels) is no part of the rate.
  expect(meter.at(0.2).etaSeconds).toBeNull()
  clock.now += 4000
  expect(meter.at(0.4).etaSeconds).toBeCloseTo((0.6 / 0.2) * 4 + 13)
})

test('later phases are expected before they have been measured', () => {
  const { clock, meter } = meterWithClock()
  expect(meter.enter(1).etaSeconds).toBeCloseTo(13)
  expect(meter.at(0.25).etaSeconds).toBeCloseTo(6 + 5)
  clock.now += 2000
  expect(meter.at(0.75).etaSeconds).toBeCloseTo(1 + 5)
})

test('it never falls, never passes 1, and a phase that cannot be measured nears its end', () => {
  const { meter } = meterWithClock()
  meter.enter(1)
  expect(meter.at(7).progress).toBeCloseTo(0.9)
  expect(meter.at(0.1).progress).toBeCloseTo(0.9)
  meter.enter(2)
  const [early, late] = [meter.estimated(1000), meter.estimated(60_000)]
  expect(early.progress).toBeGreaterThan(0.9)
  expect(late.progress).toBeGreaterThan(early.progress)
  expect(late.progress).toBeLessThan(1)
  expect(early.etaSeconds).toBeCloseTo(4)
  expect(late.etaSeconds).toBeNull()
})

test.each([
  ['cpu', true, 'Fetching TensorFlow 2.21 (274 MB)', 'Compiling the binding'],
  ['gpu', true, 'Fetching TensorFlow 2.21 (2.9 GB)', 'Compiling the binding'],
  ['cpu', false, 'Fetching TensorFlow 2.21 (274 MB)', 'Compiling the binding with a fetched compiler (101 MB)']
] as const)('the phases of %s (compiler: %s) say what is done, and make a whole', (flavour, compiler, first, third) => {
  const phases = phasesOf(planRuntime(flavour, 'linux', 'x64'), compiler)
  expect(phases[0]?.name).toBe(first)
  expect(phases[2]?.name).toBe(third)
  expect(phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
})
