import { expect, test } from 'vitest'
import { createRandom } from '@shared/random'
import { answerOf, type Answer, type Outcome } from '../../../main/services/explain/answer'
import { planSteps, stepKey, type Step } from '../../../main/services/explain/plan'

const IMAGES = 200
const has = (coalition: number, player: number): number => (coalition >> player) & 1

/** As many images right as the worth says; times likewise. */
function outcome(worth: number, seconds: number, images = IMAGES): Outcome {
  return {
    correct: Uint8Array.from({ length: images }, (_, image) => (image < Math.round(worth * images) ? 1 : 0)),
    seconds
  }
}

function answer(
  factors: number,
  worth: (step: Step) => number,
  affordable = Infinity,
  made = (_: Step) => true
): Answer {
  const seeds = [1, 2, 3]
  const plan = planSteps({ factors, seeds, affordable })
  const outcomes = new Map(
    plan.steps.filter(made).map((step) => [stepKey(step), outcome(worth(step), 1 + has(step.coalition, 0))])
  )
  return answerOf({ factors, seeds, plan, outcomes })
}

const total = ({ factors, interaction }: Answer, what: 'accuracy' | 'seconds'): number =>
  factors.reduce((sum, factor) => sum + factor[what]!.value, interaction[what]!.value)

test('what adds up is divided to the last point, with no interaction and none of the time misplaced', () => {
  const found = answer(4, ({ coalition }) => 0.3 + 0.2 * has(coalition, 0) + 0.1 * has(coalition, 2))
  expect(found.method).toBe('shapley')
  const values = found.factors.map(({ accuracy }) => accuracy!.value)
  ;[0.2, 0, 0.1, 0].forEach((value, index) => expect(values[index]).toBeCloseTo(value, 6))
  expect(found.interaction.accuracy!.value).toBeCloseTo(0, 6)
  expect(found.factors[0]!.seconds!.value).toBeCloseTo(1, 9)
  expect(total(found, 'accuracy')).toBeCloseTo(found.gap.accuracy!.value, 9)
  expect(found.ends).toMatchObject({ a: { seconds: 1 }, b: { seconds: 2 } })
})

test('what three do only together is the interaction: Shapley divides it, the bars do not', () => {
  const found = answer(3, ({ coalition }) => 0.2 + (coalition === 7 ? 0.6 : 0))
  for (const { accuracy, alone, last, shapley } of found.factors) {
    expect(accuracy!.value).toBeCloseTo(0.3, 6)
    expect([alone, last]).toEqual([0, expect.closeTo(0.6, 6)])
    expect(shapley!.value).toBeCloseTo(0.2, 6)
  }
  expect(found.interaction.accuracy!.value).toBeCloseTo(-0.3, 6)
  expect(total(found, 'accuracy')).toBeCloseTo(0.6, 6)
})

test.each(['all', 'few', 'ends'])('noisy and interacting, with room for %s: the bars add up to the gap', (room) => {
  const random = createRandom(4)
  const worth = ({ coalition }: Step): number =>
    Math.min(1, 0.4 + 0.1 * has(coalition, 0) * has(coalition, 1) + 0.05 * has(coalition, 3) + 0.2 * random.float())
  const found = answer(5, worth, { all: Infinity, few: 70, ends: 0 }[room]!)
  expect(found.method).toBe({ all: 'shapley', few: 'permutation', ends: 'one-at-a-time' }[room])
  expect(total(found, 'accuracy')).toBeCloseTo(found.gap.accuracy!.value, 6)
  expect(total(found, 'seconds')).toBeCloseTo(found.gap.seconds!.value, 9)
  const { accuracy } = found.interaction
  expect(accuracy!.low).toBeLessThan(accuracy!.value)
  expect(accuracy!.high).toBeGreaterThan(accuracy!.value)
  if (room === 'ends') expect(found.factors[0]!.shapley).toBeNull()
  else {
    const shapley = found.factors.reduce((sum, factor) => sum + factor.shapley!.value, 0)
    expect(Math.abs(shapley - found.gap.accuracy!.value)).toBeLessThan(1e-6)
  }
})

test('half-way there is as much of an answer as there are experiments', () => {
  const first = answer(
    3,
    () => 0.5,
    0,
    ({ coalition, seed }) => seed === 1 && [0, 7, 1].includes(coalition)
  )
  expect(first.gap.accuracy!.value).toBe(0)
  // Switched first, but not last.
  expect(first.factors[0]!.accuracy).not.toBeNull()
  expect(first.factors[1]!.accuracy).toBeNull()
  expect(first.interaction).toEqual({ accuracy: null, seconds: null })
  const nothing = answer(
    3,
    () => 0.5,
    0,
    () => false
  )
  expect(nothing.gap).toEqual({ accuracy: null, seconds: null })
})
