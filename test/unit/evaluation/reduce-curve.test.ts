import { expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { reduceCurve, type CurvePoint } from '../../../main/services/evaluation/reduce-curve'

/** Farthest that any point lies from a line through others. */
function farthest(points: CurvePoint[], line: CurvePoint[]): number {
  const toSegment = ([x, y]: CurvePoint, [x0, y0]: CurvePoint, [x1, y1]: CurvePoint): number => {
    const square = (x1 - x0) ** 2 + (y1 - y0) ** 2
    const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / square))
    return Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0))
  }
  return Math.max(
    ...points.map((point) => Math.min(...line.slice(1).map((end, index) => toSegment(point, line[index]!, end))))
  )
}

it('leaves the corners of a staircase, and nothing between them', () => {
  const corners: CurvePoint[] = [
    [0, 0],
    [0, 0.5],
    [0.5, 0.5],
    [0.5, 1],
    [1, 1]
  ]
  const dense = corners.slice(1).flatMap((to, index) => {
    const from = corners[index]!
    return Array.from({ length: 100 }, (_, at): CurvePoint => [
      from[0] + ((to[0] - from[0]) * at) / 100,
      from[1] + ((to[1] - from[1]) * at) / 100
    ])
  })
  expect(reduceCurve([...dense, [1, 1]], 200)).toEqual(corners)
})

it('keeps the shape of a ragged curve of ten thousand points in two hundred', () => {
  const random = createRandom(3)
  let right = 0
  // A precision–recall curve of a good classifier: ragged at first, then falling.
  const points = Array.from({ length: 10_000 }, (_, index): CurvePoint => {
    if (random.float() < 0.98 - 0.9 * (index / 10_000)) right++
    return [right / 6000, right / (index + 1)]
  })
  const reduced = reduceCurve(points, 200)
  expect(reduced.length).toBeLessThanOrEqual(200)
  expect([reduced[0], reduced.at(-1)]).toEqual([points[0], points.at(-1)])
  for (const point of reduced) expect(points).toContain(point)
  expect(farthest(points, reduced)).toBeLessThan(0.004)
})

it('keeps a single spike, however few points are left', () => {
  const points = Array.from({ length: 5000 }, (_, index): CurvePoint => [index / 4999, index === 3210 ? 0 : 0.9])
  expect(reduceCurve(points, 10)).toContainEqual([3210 / 4999, 0])
})

it('leaves short curves alone', () => {
  expect(reduceCurve([], 200)).toEqual([])
  expect(reduceCurve([[0, 1]], 200)).toEqual([[0, 1]])
  expect(
    reduceCurve(
      [
        [0, 0],
        [0, 0],
        [0, 0]
      ],
      200
    )
  ).toEqual([
    [0, 0],
    [0, 0]
  ])
})
