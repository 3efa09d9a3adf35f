import { expect, test } from 'vitest'
import { Budget } from '../../../main/services/explain/budget'
import { planSteps, stepKey } from '../../../main/services/explain/plan'

const keys = (input: Parameters<typeof planSteps>[0]): string[] => planSteps(input).steps.map(stepKey)

test('one factor needs the two ends; two need all four corners', () => {
  expect(keys({ factors: 1, seeds: [1, 2], affordable: 99 })).toEqual(['0/1', '1/1', '0/2', '1/2'])
  expect(keys({ factors: 2, seeds: [1], affordable: 0 })).toEqual(['0/1', '3/1', '1/1', '2/1'])
})

test('the ends of every factor come first, seed after seed; with room, every combination', () => {
  const few = planSteps({ factors: 4, seeds: [5, 6], affordable: 3 })
  expect(few.method).toBe('one-at-a-time')
  expect(few.steps).toHaveLength(2 * (2 + 2 * 4))
  expect(few.steps.slice(0, 10).every(({ seed }) => seed === 5)).toBe(true)
  const all = planSteps({ factors: 4, seeds: [5, 6], affordable: 32 })
  expect(all.method).toBe('shapley')
  expect(new Set(all.steps.map(stepKey)).size).toBe(32)
  expect(all.steps.slice(0, few.steps.length)).toEqual(few.steps)
})

test('too many combinations: orders in pairs, as many as fit, each seed alike; the more room, the longer the same plan', () => {
  const seeds = [1, 2, 3]
  const wide = planSteps({ factors: 10, seeds, affordable: 2000 })
  expect(wide.method).toBe('permutation')
  expect(wide.orders).toHaveLength(12)
  for (const seed of seeds) expect(wide.orders.filter((order) => order.seed === seed)).toHaveLength(4)
  const narrow = planSteps({ factors: 10, seeds, affordable: 120 })
  expect(narrow.method).toBe('permutation')
  expect(narrow.steps.length).toBeLessThanOrEqual(120)
  expect(wide.steps.slice(0, narrow.steps.length)).toEqual(narrow.steps)
  expect(planSteps({ factors: 10, seeds, affordable: 70 }).method).toBe('one-at-a-time')
})

test('a budget learns what trainings and features cost, and knows what it has room for', async () => {
  let now = 0
  const budget = new Budget(100, 1000, 4, () => now)
  expect(budget.cost()).toEqual({ train: 4, features: 0 })
  budget.begin()
  now = 12_000
  budget.add({ seconds: 12, features: { computed: 500, seconds: 5 } })
  expect(budget.cost()).toEqual({ train: 7, features: 10 })
  await budget.waiting(
    Promise.resolve().then(() => {
      now += 50_000
    })
  )
  expect(budget.spent).toBe(12)
  expect(budget.left).toBe(88)
  expect(budget.room(0)).toBe(12)
  expect(budget.room(2)).toBe(9)
  now += 200_000
  expect(budget.left).toBe(0)
  expect(budget.room(0)).toBe(0)
})
