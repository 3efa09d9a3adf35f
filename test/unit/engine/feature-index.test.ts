import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { openFeatureIndex } from '../../../main/engine/inference/similar/feature-index'

describe('the nearest rows', () => {
  it('are those with the largest cosine, whatever the width', () => {
    const random = createRandom(5)
    for (const width of [1, 3, 4, 17]) {
      const rows = Float32Array.from({ length: 40 * width }, () => random.normal())
      const query = Float32Array.from({ length: width }, () => random.normal())
      const cosine = (index: number): number => {
        let [product, own, asked] = [0, 0, 0]
        for (let at = 0; at < width; at++) {
          const value = rows[index * width + at]!
          product += value * query[at]!
          own += value ** 2
          asked += query[at]! ** 2
        }
        return product / Math.sqrt(own * asked)
      }
      const expected = Array.from({ length: 40 }, (_, index) => ({ index, distance: 1 - cosine(index) }))
      expected.sort((a, b) => a.distance - b.distance)
      const found = openFeatureIndex(rows.slice(), width).nearest(query, 7)
      expect(found).toHaveLength(7)
      found.forEach(({ distance }, place) => expect(distance).toBeCloseTo(expected[place]!.distance, 5))
    }
  })

  it('are never those that were skipped, empty or not numbers', () => {
    const rows = Float32Array.of(1, 0, 0, 0, NaN, 1, 0, 1, 1, 1)
    const index = openFeatureIndex(rows, 2)
    expect(index.size).toBe(3)
    const found = index.nearest(Float32Array.of(2, 0), 5, (row) => row === 0)
    expect(found.map(({ index: row }) => row)).toEqual([4, 3])
    expect(found[0]!.distance).toBeCloseTo(1 - Math.SQRT1_2)
    expect(index.nearest(Float32Array.of(0, 0), 5)).toEqual([])
  })
})
