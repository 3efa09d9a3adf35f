/** Axes, stairs and names of the advisor's picture, and what it says of its points. */
import { expect, test } from 'vitest'
import type { AdvicePoint } from '@shared/domain/advice'
import { lossText, msText, pointText, stageText } from '../../../renderer/components/advisor/advice-text'
import {
  frontierPath,
  frontierScale,
  isPlaced,
  labelsOf,
  type Placed
} from '../../../renderer/components/advisor/frontier-scale'

const box = { left: 40, right: 640, top: 10, bottom: 310 }
const point = (name: string, ms: number, accuracy: number, changes: Partial<AdvicePoint> = {}): Placed => {
  const made: AdvicePoint = {
    backboneId: name,
    name,
    size: 224,
    parameters: 1,
    stage: 'confirmed',
    accuracy: { value: accuracy, low: accuracy - 0.05, high: accuracy + 0.04 },
    testImages: 100,
    msPerImage: ms,
    executor: 'onnxruntime',
    frontier: true,
    loss: null,
    error: null,
    ...changes
  }
  if (!isPlaced(made)) throw new Error('A point without a place.')
  return made
}

test('twice as slow is as far everywhere, and everything with its whiskers is inside', () => {
  const points = [point('a', 5, 0.8), point('b', 10, 0.85), point('c', 20, 0.9)]
  const { x, y, xTicks, yTicks } = frontierScale(points, box)
  expect(x(10) - x(5)).toBeCloseTo(x(20) - x(10), 6)
  for (const { msPerImage, accuracy } of points) {
    expect(x(msPerImage)).toBeGreaterThan(box.left)
    expect(x(msPerImage)).toBeLessThan(box.right)
    expect(y(accuracy.high)).toBeGreaterThanOrEqual(box.top - 1e-6)
    expect(y(accuracy.low)).toBeLessThanOrEqual(box.bottom + 1e-6)
  }
  expect(y(0.9)).toBeLessThan(y(0.8))
  expect(xTicks.length).toBeGreaterThanOrEqual(4)
  expect(yTicks.map((tick) => Math.round(100 * tick))).toEqual([75, 80, 85, 90, 95])
  // Ends that lie on no line: the axis stops at 100 %.
  const perfect = frontierScale([point('a', 5, 1, { accuracy: { value: 1, low: 0.97, high: 1 } })], box)
  expect(perfect.y(1)).toBeCloseTo(box.top, 6)
  expect(perfect.xTicks.length).toBeGreaterThan(1)
})

test('stairs through the frontier only: right to the next time, then up', () => {
  const points = [point('a', 5, 0.8), point('behind', 8, 0.7, { frontier: false }), point('c', 20, 0.9)]
  const scale = frontierScale(points, box)
  const path = frontierPath(points, scale, box.right)
  expect(path).toMatch(/^M[\d.]+ [\d.]+H[\d.]+V[\d.]+H640$/)
  expect(path).toContain(`H${scale.x(20).toFixed(1)}V${scale.y(0.9).toFixed(1)}`)
  expect(frontierPath([], scale, box.right)).toBe('')
})

test('names of points that lie close do not lie on each other', () => {
  const points = [point('a', 10, 0.8), point('b', 10.5, 0.801), point('c', 11, 0.802)]
  const labels = labelsOf(points, frontierScale(points, box), box)
  const heights = labels.map(({ y }) => y).sort((a, b) => a - b)
  expect(heights[1]! - heights[0]!).toBeGreaterThanOrEqual(15)
  expect(heights[2]! - heights[1]!).toBeGreaterThanOrEqual(15)
  const right = labelsOf([point('z', 10, 0.8)], { ...frontierScale(points, box), x: () => 630 }, box)
  expect(right[0]!.anchor).toBe('end')
})

test('a point in words, for whoever does not see it', () => {
  expect(pointText(point('Lite0', 5.44, 0.913))).toBe('Lite0: 91.3 % (86.3 to 95.3) at 5.4 ms, on the frontier')
  expect(pointText(point('Lite0', 5, 0.9, { frontier: false, stage: 'screened' }))).toMatch(
    /5 ms, on part of the pictures$/
  )
  expect(stageText({ ...point('a', 1, 1), stage: 'failed', error: 'Out of memory.' })).toBe('Out of memory.')
  expect(lossText({ value: 0.013, low: -0.04, high: 0.067, speedup: 2 })).toBe('−1.3 (−6.7 to +4.0)')
  expect(lossText(null)).toBe('')
  expect([msText(5.44), msText(11.46), msText(120.4)]).toEqual(['5.4 ms', '11.5 ms', '120 ms'])
})
