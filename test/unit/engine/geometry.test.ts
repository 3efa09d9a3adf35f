import { describe, expect, it } from 'vitest'
import { viewOf } from '../../../main/engine/data/geometry'
import type { PreprocessingContract } from '../../../shared/domain/preprocessing'

const contract: PreprocessingContract = {
  size: 224,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}

describe('the central crop', () => {
  it('keeps its share of the short side, from the middle', () => {
    const view = viewOf(1024, 512, contract)
    expect(view.trim).toBeNull()
    expect(view.resized).toEqual({ width: 512, height: 256 })
    expect(view.window).toEqual({ left: 144, top: 16, width: 224, height: 224 })
    expect(view.box).toEqual({ left: 288, top: 32, width: 448, height: 448 })
  })

  it('works on pictures smaller than the network', () => {
    const view = viewOf(28, 28, contract)
    expect(view.resized).toEqual({ width: 256, height: 256 })
    expect(view.box.width).toBeCloseTo(24.5)
  })

  it('trims a strip before it is resized', () => {
    const view = viewOf(1, 5000, contract)
    expect(view.trim).toEqual({ left: 0, top: 2498, width: 1, height: 4 })
    expect(view.resized).toEqual({ width: 256, height: 1024 })
    expect(view.box.top).toBeCloseTo(2498 + (400 * 4) / 1024)
  })

  it.each([1, 2, 3, 17, 223, 224, 225, 1000, 4001])('always finds its square in a picture of %i pixels', (side) => {
    for (const other of [1, side, 2 * side + 1, 9 * side]) {
      const { resized, window } = viewOf(side, other, contract)
      expect(window.left).toBeGreaterThanOrEqual(0)
      expect(window.top).toBeGreaterThanOrEqual(0)
      expect(window.left + 224).toBeLessThanOrEqual(resized.width)
      expect(window.top + 224).toBeLessThanOrEqual(resized.height)
    }
  })
})

describe('the other policies', () => {
  it('squash sees all of it', () => {
    const view = viewOf(640, 480, { ...contract, crop: 'squash' })
    expect(view.resized).toEqual({ width: 224, height: 224 })
    expect(view.box).toEqual({ left: 0, top: 0, width: 640, height: 480 })
  })

  it('pad reaches over the short edges', () => {
    const view = viewOf(448, 224, { ...contract, crop: 'pad' })
    expect(view.resized).toEqual({ width: 224, height: 112 })
    expect(view.window).toEqual({ left: 0, top: -56, width: 224, height: 224 })
    expect(view.box).toEqual({ left: 0, top: -112, width: 448, height: 448 })
  })
})
