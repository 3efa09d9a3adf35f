import { describe, expect, it } from 'vitest'
import { lostToRounding, quantizeBias, quantizeKernel } from '../../../main/engine/backbones/onnx/quantized/kernels'
import { byteScale, quantizedValues } from '../../../main/engine/backbones/onnx/quantized/ranges'
import { likeness } from '../../../main/engine/data/likeness'
import { addsBytesExactly } from '../../../main/engine/executors/tensorflow-kernels/processor'
import { GraphSketch } from '../../fixtures/graphs'

describe('quantizeKernel', () => {
  const kernel = Float32Array.of(1, -0.5, 0.25, 0, 0.001, 0.002, -0.002, 0.0005)

  it('gives every output a scale of its own, by its largest weight', () => {
    const { values, scales } = quantizeKernel(kernel, 2, 127)
    expect([...scales]).toEqual([Math.fround(1 / 127), Math.fround(Math.fround(0.002) / 127)])
    expect([...values]).toEqual([127, -64, 32, 0, 64, 127, -127, 32])
  })

  it('stays below what a processor without VNNI adds up, and takes an output of zeros', () => {
    const { values, scales } = quantizeKernel(Float32Array.of(3, -3, 0, 0), 2, 64)
    expect([...values]).toEqual([64, -64, 0, 0])
    expect(scales[1]).toBe(1)
  })
})

it('gives back in the bias what rounding takes on average, of dense and of depthwise kernels', () => {
  const dense = Float32Array.of(1, 0.3, 0.1, 1)
  const rounded = quantizeKernel(dense, 2, 4)
  // [4, 1] · 1/4 and [0, 4] · 1/4: 0.05 and 0.1 are lost.
  const lost = lostToRounding(dense, [2, 2, 1, 1], rounded, Float32Array.of(10, 20))
  expect(lost[0]).toBeCloseTo(0.05 * 20, 5)
  expect(lost[1]).toBeCloseTo(0.1 * 10, 5)
  const depthwise = lostToRounding(dense, [2, 1, 1, 2], rounded, Float32Array.of(10, 20))
  expect(depthwise[0]).toBeCloseTo(0.05 * 10, 5)
  expect(depthwise[1]).toBeCloseTo(0.1 * 20, 5)
})

it('keeps a bias within 32 bits', () => {
  expect([...quantizeBias(Float32Array.of(1, -1e9), Float32Array.of(0.5, 1e-3))]).toEqual([2, -(2 ** 31) + 1])
})

it('has a byte for zero, whatever the range', () => {
  expect(byteScale({ min: 0, max: 6 })).toEqual({ scale: Math.fround(6 / 255), zeroPoint: 0 })
  expect(byteScale({ min: -127 / 128, max: 1 })).toEqual({ scale: 1 / 128, zeroPoint: 127 })
  expect(byteScale({ min: 2, max: 4 }).zeroPoint).toBe(0)
  expect(byteScale({ min: 0, max: 0 })).toEqual({ scale: 1, zeroPoint: 0 })
})

it('rounds what convolutions read and make, behind a ReLU of their own, and sums of such', () => {
  const graph = new GraphSketch(8, 8, 3)
    .conv('stem', [3, 3, 3, 4])
    .relu('stem_relu')
    .depthwise('dw', [3, 3, 4, 1])
    .add('sum', 'stem_relu')
    .conv('last', [1, 1, 4, 8])
    .relu('last_relu')
    .build()
  expect(quantizedValues(graph)).toEqual(['image', 'stem_relu', 'dw', 'sum', 'last_relu'])
})

it('takes the mean off before it compares, but for a single row', () => {
  const rows = [Float32Array.of(101, 100), Float32Array.of(99, 100)]
  expect(likeness(rows, rows)).toBeCloseTo(1)
  expect(likeness(rows, [rows[1]!, rows[0]!])).toBeCloseTo(-1)
  expect(likeness([Float32Array.of(1, 0)], [Float32Array.of(1, 1)])).toBeCloseTo(Math.SQRT1_2)
})

it('knows VNNI by the names of its instructions', () => {
  expect(addsBytesExactly('flags\t\t: fpu avx2 avx512_vnni', 'x64')).toBe(true)
  expect(addsBytesExactly('flags\t\t: fpu avx2 avx512f', 'x64')).toBe(false)
  expect(addsBytesExactly('', 'x64')).toBe(false)
  expect(addsBytesExactly('', 'arm64')).toBe(true)
})
