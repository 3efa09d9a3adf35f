import { expect, test } from 'vitest'
import type { Explanation, GapCause, GapFactor } from '@shared/domain/explanation'
import { changeText, intervalText } from '../../../renderer/components/explain/explain-text'
import { axisOf, canDivide, percentOf, waterfallOf } from '../../../renderer/components/explain/waterfall'

const exactly = (value: number) => ({ value, low: value - 0.02, high: value + 0.02 })
const factor = (id: string, cause: GapCause, value: number | null, shapley: number | null): GapFactor => ({
  ...{ id, cause, label: id, from: '', to: '', settings: [], switchable: true, alone: null, last: null },
  accuracy: value === null ? null : exactly(value),
  seconds: value === null ? null : { value: 1, low: null, high: null },
  shapley: shapley === null ? null : exactly(shapley)
})
const shown = (factors: GapFactor[], endedAt: number | null = 1): Parameters<typeof waterfallOf>[0] => ({
  factors,
  endedAt,
  interaction: { accuracy: exactly(-0.05), seconds: { value: 0, low: null, high: null } },
  ends: { a: { accuracy: 0.6, seconds: 1 }, b: { accuracy: 0.8, seconds: 4 } },
  gap: { accuracy: exactly(0.2), seconds: null } as Explanation['gap']
})
const three = [
  factor('rate', 'training', 0.1, 0.08),
  factor('decay', 'training', 0.12, 0.1),
  factor('range', 'preprocessing', 0.03, 0.02)
]

test('bars begin where the one before ended, by cause and by size, and the interaction closes the gap', () => {
  const groups = waterfallOf(shown(three), 'bar')
  expect(groups.map(({ label, rows }) => [label, rows.map(({ id }) => id)])).toEqual([
    ['Preprocessing', ['range']],
    ['Training', ['decay', 'rate']],
    ['', ['interaction']]
  ])
  const bars = groups.flatMap(({ rows }) => rows.map(({ accuracy }) => accuracy!))
  expect(bars[0]!.from).toBe(0.6)
  bars.slice(1).forEach((bar, index) => expect(bar.from).toBe(bars[index]!.to))
  expect(bars.at(-1)!.to).toBeCloseTo(0.8, 12)
  expect(groups[1]!.accuracy).toBeCloseTo(0.22, 12)
})

test('divided, Shapley values close the gap without it; nothing jumps while it runs; what is not there yet has no bar', () => {
  expect(canDivide(shown(three))).toBe(true)
  const bars = waterfallOf(shown(three), 'divided').flatMap(({ rows }) => rows)
  expect(bars.at(-1)).toMatchObject({ id: 'interaction', accuracy: null })
  expect(bars.at(-2)!.accuracy!.to).toBeCloseTo(0.8, 12)
  const running = waterfallOf(
    shown([...three.slice(0, 2), factor('range', 'preprocessing', null, null)], null),
    'divided'
  )
  expect(running[0]!.rows[0]!.accuracy).toBeNull()
  expect(running[1]!.rows.map(({ id }) => id)).toEqual(['rate', 'decay'])
})

test('of two factors there is no interaction to show', () => {
  expect(waterfallOf(shown(three.slice(0, 2)), 'bar').map(({ label }) => label)).toEqual(['Training'])
  expect(canDivide(shown(three.slice(0, 2)))).toBe(false)
})

test('the axis has room for the bars, not for whiskers out of all proportion, and next to no gap looks like none', () => {
  const wide = { from: 0.7, to: 0.72, estimate: { value: 0.02, low: -0.9, high: 0.9 } }
  const axis = axisOf([0.7, 0.8], [wide], { least: 0, most: 1, span: 0.06 })
  expect(axis.low).toBeGreaterThan(0.6)
  expect(axis.high).toBeLessThan(0.9)
  expect(axis.ticks.length).toBeGreaterThanOrEqual(3)
  expect(percentOf(axis, 0)).toBe(0)
  expect(percentOf(axis, axis.high)).toBe(100)
  const flat = axisOf([0.82, 0.82], [], { least: 0, most: 1, span: 0.06 })
  expect(flat.high - flat.low).toBeGreaterThanOrEqual(0.06)
  expect(axisOf([null, null], [], { least: 0, most: 1, span: 0.06 }).ticks).toEqual([])
})

test('numbers with their sign', () => {
  expect(changeText(-0.0123, 'accuracy')).toBe('−1.2')
  expect(changeText(1.234, 'seconds')).toBe('+1.23 s')
  expect(intervalText({ value: 0, low: -0.01, high: 0.02 }, 'accuracy')).toBe('−1.0 to +2.0')
  expect(intervalText({ value: 0, low: null, high: null }, 'seconds')).toBe('')
})
