import { describe, expect, it } from 'vitest'
import { contractDifferences, rangeText } from '@shared/domain/contract-differences'
import type { PreprocessingContract } from '@shared/domain/preprocessing'

const LITE: PreprocessingContract = {
  size: 224,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}
const aspects = (changes: Partial<PreprocessingContract>): string[] =>
  contractDifferences({ ...LITE, ...changes }, LITE).map(({ aspect }) => aspect)

describe('differences of two contracts', () => {
  it('finds none between a contract and itself, nor within what no network notices', () => {
    expect(aspects({})).toEqual([])
    expect(aspects({ mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] })).toEqual([])
    expect(aspects({ cropFraction: 0.88 })).toEqual([])
  })

  it('names each aspect alone', () => {
    expect(aspects({ mean: [0, 0, 0], std: [255, 255, 255] })).toEqual(['range'])
    expect(aspects({ colorOrder: 'BGR' })).toEqual(['channel-order'])
    expect(aspects({ size: 160 })).toEqual(['size'])
    expect(aspects({ crop: 'squash' })).toEqual(['crop'])
    expect(aspects({ cropFraction: 0.5 })).toEqual(['crop'])
    expect(aspects({ filter: 'nearest' })).toEqual(['resize'])
  })

  it('compares colour by colour, whatever the order they are listed in', () => {
    const red: PreprocessingContract = { ...LITE, mean: [1, 2, 3], std: [10, 20, 30] }
    const blue: PreprocessingContract = { ...LITE, colorOrder: 'BGR', mean: [3, 2, 1], std: [30, 20, 10] }
    expect(contractDifferences(red, blue).map(({ aspect }) => aspect)).toEqual(['channel-order'])
  })

  it('does not ask for the fraction of a crop that there is not', () => {
    const squashed: PreprocessingContract = { ...LITE, crop: 'squash' }
    expect(contractDifferences({ ...squashed, cropFraction: 1 }, squashed)).toEqual([])
  })

  it('writes ranges so that a second scaling shows', () => {
    expect(rangeText(LITE)).toBe('[-0.99, 1]')
    expect(rangeText({ ...LITE, mean: [0, 0, 0], std: [65_025, 65_025, 65_025] })).toBe('[0, 0.0039]')
  })
})
