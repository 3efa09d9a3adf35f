import { describe, expect, it } from 'vitest'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { drawSample, holdOut } from '../../../main/engine/diagnosis/sample'

const images = (sizes: number[]): LabelledImage[] =>
  sizes.flatMap((size, classIndex) =>
    Array.from({ length: size }, (_, index) => ({
      id: classIndex * 1000 + index,
      path: `${classIndex}/${index}.png`,
      hash: `${classIndex}-${index}`,
      classIndex,
      split: index === 0 ? ('test' as const) : ('train' as const)
    }))
  )

describe('the sample that the doctor looks at', () => {
  it('takes the classes in turn, and training images only', () => {
    const sample = drawSample(images([100, 5, 50]), 12, 1)
    const counts = [0, 1, 2].map((label) => sample.filter(({ classIndex }) => classIndex === label).length)
    expect(counts).toEqual([4, 4, 4])
    expect(sample.every(({ split }) => split === 'train')).toBe(true)
    expect(new Set(sample.map(({ id }) => id)).size).toBe(12)
  })

  it('takes more of the large classes once the small ones are exhausted', () => {
    const sample = drawSample(images([100, 3]), 20, 1)
    expect(sample.filter(({ classIndex }) => classIndex === 1)).toHaveLength(2)
    expect(sample).toHaveLength(20)
  })

  it('follows from the seed', () => {
    const ids = (seed: number): number[] => drawSample(images([30, 30]), 10, seed).map(({ id }) => id)
    expect(ids(1)).toEqual(ids(1))
    expect(ids(1)).not.toEqual(ids(2))
  })

  it('holds a quarter of each class out, and every row is on one side', () => {
    const labels = Int32Array.from({ length: 40 }, (_, row) => (row < 32 ? 0 : row < 38 ? 1 : 2))
    const values = Float32Array.from({ length: 40 }, (_, row) => row)
    const { fit, held } = holdOut({ values, width: 1, labels }, 3)
    expect(held.labels.length).toBe(8 + 1 + 0)
    expect([...fit.values, ...held.values].sort((a, b) => a - b)).toEqual([...values])
    expect(Array.from(held.values, (row) => labels[row])).toEqual(Array.from(held.labels))
  })
})
