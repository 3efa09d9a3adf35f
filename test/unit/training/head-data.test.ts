import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import type { HeadWeights } from '../../../main/engine/training/finetune-contract'
import { dropOut } from '../../../main/engine/training/dropout'
import { gatherRows } from '../../../main/engine/data/feature-rows'
import { applyScaling, fitScaling, foldScaling, softTargets } from '../../../main/engine/training/head-data'

describe('scaling', () => {
  const values = Float32Array.of(1, 10, 3, 30, 5, 20)

  it('centres each feature and scales all by one factor', () => {
    const scaling = fitScaling({ values, width: 2, labels: [0, 0, 0] }, 'center')
    expect([...scaling.mean]).toEqual([3, 20])
    const scaled = applyScaling(values, scaling)
    expect(scaled.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 5)
    expect(scaled.reduce((sum, value) => sum + value * value, 0) / 6).toBeCloseTo(1, 5)
    // One factor: the ratio of their spreads stays.
    expect(scaled[1]! / scaled[0]!).toBeCloseTo(10 / 2, 5)
  })

  it('is the identity where it is off, and finite where features are constant', () => {
    expect(applyScaling(values, fitScaling({ values, width: 2, labels: [] }, 'none'))).toEqual(values)
    const flat = new Float32Array(4).fill(7)
    expect([...applyScaling(flat, fitScaling({ values: flat, width: 2, labels: [] }, 'center'))]).toEqual([0, 0, 0, 0])
  })

  it('folds into the head', () => {
    const scaling = fitScaling({ values, width: 2, labels: [] }, 'center')
    const head = { kernel: Float32Array.of(0.5, -1, 2, 0.25), bias: Float32Array.of(0.1, -0.2), classes: 2 }
    const folded = foldScaling(head, scaling)
    const logits = (x: Float32Array, { kernel, bias }: HeadWeights): number[] =>
      [0, 1].map((k) => x[0]! * kernel[k]! + x[1]! * kernel[2 + k]! + bias[k]!)
    for (let row = 0; row < 3; row++) {
      const plain = values.subarray(2 * row, 2 * row + 2)
      const expected = logits(applyScaling(plain, scaling), head)
      expect(logits(plain, folded)).toEqual(expected.map((value) => expect.closeTo(value, 4)))
    }
  })
})

describe('targets and rows', () => {
  it('smooths labels to rows that sum to one', () => {
    expect([...softTargets([1, 0], 4, 0.2)]).toEqual(
      [0.05, 0.85, 0.05, 0.05, 0.85, 0.05, 0.05, 0.05].map((value) => expect.closeTo(value, 6))
    )
    expect([...softTargets([1], 2, 0)]).toEqual([0, 1])
  })

  it('gathers rows in order', () => {
    const out = new Float32Array(4)
    gatherRows(Float32Array.of(1, 2, 3, 4, 5, 6), 2, [2, 0], out)
    expect([...out]).toEqual([5, 6, 1, 2])
  })
})

describe('dropOut', () => {
  it('drops the share it is told and keeps the mean', () => {
    const values = new Float32Array(40_001).fill(1)
    dropOut(values, 0.3, createRandom(4))
    const dropped = values.filter((value) => value === 0).length / values.length
    expect(dropped).toBeCloseTo(0.3, 1)
    expect(Math.abs(dropped - 0.3)).toBeLessThan(0.01)
    expect(values.find((value) => value !== 0)).toBeCloseTo(1 / 0.7, 4)
  })

  it('takes two decisions from each draw of the stream, the low half first, whatever the length', () => {
    const random = createRandom(9)
    const values = new Float32Array(9001).fill(1)
    dropOut(values, 0.25, createRandom(9))
    const draws = Array.from({ length: 4501 }, () => random.uint32())
    const halves = draws.flatMap((draw) => [draw & 0xffff, draw >>> 16]).slice(0, values.length)
    expect([...values]).toEqual(halves.map((half) => (half < 0x4000 ? 0 : Math.fround(4 / 3))))
  })

  it('does nothing at rate 0, and draws anew each time', () => {
    const random = createRandom(1)
    const values = Float32Array.of(1, 2, 3)
    dropOut(values, 0, random)
    expect([...values]).toEqual([1, 2, 3])
    const draw = (): string => {
      const mask = new Float32Array(64).fill(1)
      dropOut(mask, 0.5, random)
      return mask.join()
    }
    expect(draw()).not.toBe(draw())
  })
})
