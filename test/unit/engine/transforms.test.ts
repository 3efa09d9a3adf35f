import { describe, expect, it } from 'vitest'
import { listBlocks, splitAtBlock } from '../../../main/engine/backbones/blocks'
import { countMultiplyAdds, countParameters, hashWeights } from '../../../main/engine/backbones/measures'
import { interpret } from '../../../main/engine/backbones/reference'
import { inferShapes, padAmounts } from '../../../main/engine/backbones/shapes'
import { featureExtractor } from '../../../main/engine/backbones/feature-extractor'
import { cutAt, foldBatchNorm } from '../../../main/engine/backbones/transforms'
import { StudioError } from '../../../shared/errors'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'

describe("TensorFlow's 'same' padding", () => {
  const pads = (size: number, kernel: number, stride: number, dilation = 1): number[] => {
    const { top, bottom, left, right } = padAmounts(size, size + 1, {
      kernel: [kernel, kernel],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      padding: 'same'
    })
    return [top, bottom, left, right]
  }

  it('puts the odd pixel at the bottom and the right', () => {
    expect(pads(224, 3, 2)).toEqual([0, 1, 1, 1])
    expect(pads(112, 5, 2)).toEqual([1, 2, 2, 2])
    expect(pads(7, 5, 1)).toEqual([2, 2, 2, 2])
    expect(pads(7, 2, 1)).toEqual([0, 1, 0, 1])
  })

  it('counts a dilated kernel by its reach, and never pads a negative amount', () => {
    expect(pads(10, 3, 1, 2)).toEqual([2, 2, 2, 2])
    expect(pads(4, 1, 2)).toEqual([0, 0, 0, 0])
  })
})

describe('shapes', () => {
  it('follow the values through the network', () => {
    const shapes = inferShapes(tinyBackbone())
    expect(shapes.get('stem_conv')).toEqual([8, 8, 4])
    expect(shapes.get('b1_dw')).toEqual([4, 4, 4])
    expect(shapes.get('avgpool')).toEqual([8])
  })

  const broken: [string, GraphSketch, RegExp][] = [
    ['a kernel for other channels', new GraphSketch(8, 8, 3).conv('c', [3, 3, 4, 2]), /'c\/kernel' is \[3,3,4,2\]/],
    ['a sum of unlike values', new GraphSketch(8, 8, 3).conv('c', [1, 1, 3, 2]).add('sum', 'image'), /'sum'/],
    ['a dense layer on a picture', new GraphSketch(2, 2, 3).dense('d', 3, 2), /only pooled features/],
    [
      'a kernel larger than its picture',
      new GraphSketch(2, 2, 1).conv('c', [3, 3, 1, 1], { padding: 'valid' }),
      /larger than/
    ],
    ['a value from nowhere', new GraphSketch(2, 2, 1).from('ghost').relu('r'), /'ghost'/],
    ['a name used twice', new GraphSketch(2, 2, 1).relu('image'), /twice/]
  ]
  it.each(broken)('names the layer: %s', (_what, sketch, message) => {
    expect(() => inferShapes(sketch.build())).toThrow(StudioError)
    expect(() => inferShapes(sketch.build())).toThrow(message)
  })
})

describe('the reference interpreter', () => {
  it('computes a convolution that is easily done by hand', () => {
    const sketch = new GraphSketch(3, 3, 1).conv('c', [2, 2, 1, 1], { padding: 'valid' })
    sketch.weights.set('c/kernel', { shape: [2, 2, 1, 1], data: Float32Array.of(1, 10, 100, 1000) })
    const output = interpret(sketch.build(), Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))
    expect([...output]).toEqual([5421, 6532, 8754, 9865])
  })

  it('computes a strided depthwise convolution with an asymmetric border', () => {
    const sketch = new GraphSketch(2, 2, 2).depthwise('d', [3, 3, 2, 1], { strides: 2 })
    sketch.weights.set('d/kernel', { shape: [3, 3, 2, 1], data: new Float32Array(18).fill(1) })
    // Padded by (0, 1) on either axis: the one window starts at the first pixel and sees all four of each channel.
    expect([...interpret(sketch.build(), Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40))]).toEqual([10, 100])
  })
})

describe('batch-norm folding', () => {
  it('changes nothing but the sums of rounding', () => {
    const graph = tinyBackbone()
    const folded = foldBatchNorm(graph)
    const input = randomInput(16 * 16 * 3)
    expect(folded.nodes.some((node) => node.op === 'batchNorm')).toBe(false)
    expect(largestDifference(interpret(folded, input), interpret(graph, input))).toBeLessThan(1e-5)
  })

  it('keeps a bias, and fills in for a scale or centre that is not there', () => {
    const graph = new GraphSketch(6, 6, 2)
      .conv('a', [3, 3, 2, 4], { bias: true })
      .batchNorm('a_bn', 4, { scale: false })
      .depthwise('d', [3, 3, 4, 2], { bias: true })
      .batchNorm('d_bn', 8, { center: false })
      .build()
    const folded = foldBatchNorm(graph)
    expect(folded.nodes.map((node) => node.op)).toEqual(['input', 'conv2d', 'depthwiseConv2d'])
    const input = randomInput(72)
    expect(largestDifference(interpret(folded, input), interpret(graph, input))).toBeLessThan(1e-5)
  })

  it('leaves a batch-norm alone whose convolution has another reader, or that follows none', () => {
    const graph = new GraphSketch(4, 4, 2)
      .batchNorm('first', 2)
      .conv('c', [1, 1, 2, 2])
      .batchNorm('bn', 2)
      .add('sum', 'c')
      .build()
    const folded = foldBatchNorm(graph)
    expect(folded.nodes.map((node) => node.name)).toEqual(['image', 'first', 'c', 'bn', 'sum'])
    const input = randomInput(32)
    expect(interpret(folded, input)).toEqual(interpret(graph, input))
  })
})

describe('cutting and blocks', () => {
  it('cuts a feature extractor off its top, weights and all', () => {
    const sketch = new GraphSketch(4, 4, 3).conv('c', [1, 1, 3, 5]).pool('avgpool').dropout('drop').dense('top', 5, 10)
    const features = featureExtractor(sketch.build())
    expect(features.output).toBe('avgpool')
    expect([...features.weights.keys()]).toEqual(['c/kernel'])
    expect(featureExtractor(new GraphSketch(4, 4, 3).relu('r').build()).nodes.at(-1)).toMatchObject({
      op: 'globalAveragePool',
      input: 'r',
      keepDims: false
    })
    expect(() => cutAt(features, 'nowhere')).toThrow("no node 'nowhere'")
  })

  it('lists stem, blocks and head; the pooling belongs to the head', () => {
    const blocks = listBlocks(tinyBackbone())
    expect(blocks.map(({ name }) => name)).toEqual(['stem', 'b0', 'b1', 'head'])
    expect(blocks.at(-1)!.nodes).toEqual(['head_conv', 'head_bn', 'head_act', 'avgpool'])
    expect(blocks[1]!.nodes).toHaveLength(9)
  })

  it('joins groups that more than one value leads into', () => {
    const graph = new GraphSketch(4, 4, 2)
      .conv('a_conv', [1, 1, 2, 2])
      .relu('b_act')
      .conv('b_conv', [1, 1, 2, 2])
      .conv('c_conv', [1, 1, 2, 2])
      .add('c_add', 'b_act')
      .build()
    expect(listBlocks(graph).map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['a', 1],
      ['b', 4]
    ])
  })

  it.each(['b0', 'b1', 'head'])('prefix and suffix split at %s make the whole', (block) => {
    const graph = tinyBackbone()
    const { prefix, suffix } = splitAtBlock(graph, block)
    const input = randomInput(16 * 16 * 3)
    expect(interpret(suffix, interpret(prefix!, input))).toEqual(interpret(graph, input))
    expect(prefix!.weights.size + suffix.weights.size).toBe(graph.weights.size)
  })

  it('has no prefix before the first block, and no block of an unknown name', () => {
    const graph = tinyBackbone()
    expect(splitAtBlock(graph, 'stem')).toEqual({ prefix: null, suffix: graph })
    expect(() => splitAtBlock(graph, 'b7')).toThrow("no block 'b7'")
  })
})

describe('measures', () => {
  it('count parameters and multiply-adds as papers do', () => {
    const graph = new GraphSketch(8, 8, 3)
      .conv('c', [3, 3, 3, 4], { strides: 2, bias: true })
      .pool()
      .dense('d', 4, 10)
      .build()
    expect(countParameters(graph)).toBe(108 + 4 + 40 + 10)
    expect(countMultiplyAdds(graph)).toBe(108 * 16 + 40)
  })

  it('hash names, shapes and values, in whatever order they lie', () => {
    const graph = tinyBackbone()
    const shuffled = { ...graph, weights: new Map([...graph.weights].reverse()) }
    expect(hashWeights(shuffled)).toBe(hashWeights(graph))
    const changed = new Map(graph.weights)
    const bias = changed.get('stem_bn/beta')!
    changed.set('stem_bn/beta', {
      ...bias,
      data: bias.data.map((value, index) => (index === 0 ? value + 1e-6 : value))
    })
    expect(hashWeights({ ...graph, weights: changed })).not.toBe(hashWeights(graph))
  })
})
