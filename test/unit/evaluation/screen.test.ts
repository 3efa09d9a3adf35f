import { expect, it } from 'vitest'
import type { ClassMetrics } from '@shared/domain/evaluation'
import type { EvaluationReport, TraitScore } from '@shared/domain/evaluation-report'
import { classOrder, summedConfusion } from '../../../renderer/components/evaluation/class-orders'
import { axisFloor, plotScale } from '../../../renderer/components/evaluation/plot-scale'
import { scopeSentence } from '../../../renderer/components/evaluation/scope-text'
import { areaText, curveSummary, nearestCurve } from '../../../renderer/components/evaluation/score-curves'
import { apart, sliceGroups } from '../../../renderer/components/evaluation/slice-rows'

it('a plot’s pixels and shares are each other’s inverse', () => {
  const scale = plotScale(400, 300, 0.6, 30)
  for (const [x, y] of [
    [0, 0.6],
    [1, 1],
    [0.25, 0.7]
  ] as const) {
    const back = scale.at(scale.x(x), scale.y(y))
    expect(back.x).toBeCloseTo(x, 12)
    expect(back.y).toBeCloseTo(y, 12)
  }
  expect(scale.yTicks).toEqual([0.6, 0.7, 0.8, 0.9, 1])
  expect(
    scale.path([
      [0, 1],
      [1, 1]
    ])
  ).toBe(`M${scale.left}.0 ${scale.top}.0L${scale.right}.0 ${scale.top}.0`)
  expect([axisFloor([]), axisFloor([0.93]), axisFloor([0.79]), axisFloor([0.1]), axisFloor([1])]).toEqual([
    0.8, 0.8, 0.6, 0, 0.8
  ])
})

const curve = (label: string, y: number) => ({
  label,
  area: y,
  points: [
    [0, y],
    [1, y]
  ] as [number, number][]
})

it('the pointer means the nearest line within reach', () => {
  const curves = [curve('cat', 0.9), curve('dog', 0.5), { label: 'eel', area: null, points: [] }]
  expect(nearestCurve(curves, { x: 0.3, y: 0.87 }, 0.05)).toBe('cat')
  expect(nearestCurve(curves, { x: 0.3, y: 0.7 }, 0.05)).toBeNull()
  expect(nearestCurve(curves, { x: 1.03, y: 0.51 }, 0.05)).toBe('dog')
  expect(curveSummary('ROC', 'area', curves, curve('', 0.7), curve('', 1))).toBe(
    'ROC. Mean area over the classes .700, over the images 1. Lowest: dog .500, cat .900.'
  )
  expect([areaText(0.9996), areaText(0.9994), areaText(null), areaText(0)]).toEqual(['1', '.999', '–', '.000'])
})

const metrics = (label: string, recall: number, support: number): ClassMetrics => ({
  label,
  recall,
  support,
  precision: 1,
  f1: 1
})
const trait: TraitScore = { trait: 'wide', count: 10, accuracy: 0.5, interval: [0.2, 0.8] }

it('slices stand in groups, the weakest class first; a second click widens again', () => {
  const groups = sliceGroups([trait], [metrics('cat', 1, 4), metrics('dog', 0.25, 8), metrics('eel', 0, 0)], {
    label: 'cat'
  })
  expect(groups.map(({ id, rows }) => [id, rows.map(({ label }) => label)])).toEqual([
    ['shape', ['Wide']],
    ['class', ['dog', 'cat']]
  ])
  const [wide] = groups[0]!.rows
  const [dog, cat] = groups[1]!.rows
  expect([wide!.selected, wide!.next]).toEqual([false, { label: 'cat', trait: 'wide' }])
  expect([cat!.selected, cat!.next]).toEqual([true, {}])
  expect([dog!.selected, dog!.next]).toEqual([false, { label: 'dog' }])
  // Wilson (1927) for 2 of 8: (0.0715, 0.5907).
  expect(dog!.interval[0]).toBeCloseTo(0.0715, 4)
  expect(dog!.interval[1]).toBeCloseTo(0.5907, 4)
  expect([apart(dog!, 0.6), apart(dog!, 0.59), apart(dog!, 0.01)]).toEqual(['worse', '', 'better'])
  const both = sliceGroups([trait], [metrics('cat', 1, 4)], { label: 'cat', trait: 'wide' })
  expect(both[0]!.rows[0]!.next).toEqual({ label: 'cat' })
  expect(both[1]!.rows[0]!.next).toEqual({ trait: 'wide' })
})

it('says what a narrowed report is about', () => {
  const evaluation = { count: 12, accuracy: 0.75, interval: [0.468, 0.911], split: 'test' }
  const report = { slice: { label: 'daisy', trait: 'wide' }, splitCount: 1500, evaluation } as EvaluationReport
  expect(scopeSentence(report)).toBe(
    'Of 1,500 test images, 12 are daisy and ‘Wide’: 75.0 % right (95 % interval 47–91).'
  )
})

it('orders classes by name as people do, and matrices of several runs alike', () => {
  expect(classOrder('name', ['b', 'Ä', 'a'], [])).toEqual([2, 1, 0])
  expect(
    classOrder(
      'size',
      ['a', 'b'],
      [
        [1, 0],
        [2, 2]
      ]
    )
  ).toEqual([1, 0])
  expect(
    summedConfusion([
      [
        [1, 0],
        [0, 1]
      ],
      [
        [2, 1],
        [0, 3]
      ]
    ])
  ).toEqual([
    [3, 1],
    [0, 4]
  ])
  expect(summedConfusion([])).toEqual([])
})
