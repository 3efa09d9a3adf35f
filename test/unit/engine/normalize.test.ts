import { describe, expect, it } from 'vitest'
import { byteScale } from '../../../main/engine/backbones/onnx/quantized/ranges'
import { normalize, normalizeToBytes, toBytes, type ValueContract } from '../../../main/engine/data/normalize'

const LITE: ValueContract = { colorOrder: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] }
const TORCH: ValueContract = { colorOrder: 'RGB', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }
const pixels = Uint8Array.from({ length: 3 * 300 }, (_, index) => (index * 7) % 256)

describe('pictures for a network that takes bytes', () => {
  it('are the pixels themselves where mean and deviation are those of all channels', () => {
    const scale = byteScale({ min: -127 / 128, max: 1 })
    const bytes = normalizeToBytes(pixels, LITE, scale)
    expect(bytes).toEqual(pixels)
    expect(bytes).not.toBe(pixels)
    expect(toBytes(normalize(pixels, LITE), scale)).toEqual(pixels)
  })

  it('lie within half a step of the normalised values', () => {
    const scale = byteScale({ min: -2.2, max: 2.7 })
    for (const colorOrder of ['RGB', 'BGR'] as const) {
      const contract = { ...TORCH, colorOrder }
      const values = normalize(pixels, contract)
      const bytes = normalizeToBytes(pixels, contract, scale)
      expect(bytes).toEqual(toBytes(values, scale))
      const errors = values.map((value, index) => Math.abs(value - scale.scale * (bytes[index]! - scale.zeroPoint)))
      expect(Math.max(...errors)).toBeLessThanOrEqual(scale.scale / 2 + 1e-6)
    }
  })

  it('are clipped to the bounds', () => {
    const scale = byteScale({ min: 0, max: 0.5 })
    expect([...toBytes(Float32Array.of(-3, 0, 0.3, 0.5, 3), scale)]).toEqual([0, 0, 153, 255, 255])
    const white = normalizeToBytes(Uint8Array.of(255, 255, 255), LITE, scale)
    expect([...white]).toEqual([255, 255, 255])
  })
})
