/** Every op of a network: what the reference makes of it, worked out by hand or by another formula, and what ONNX Runtime does. */
import { createRequire } from 'node:module'
import type * as Ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import type { ActivationKind, GraphNode, NetworkGraph } from '../../main/engine/backbones/graph'
import { networkToOnnx } from '../../main/engine/backbones/onnx/network-to-onnx'
import { interpret } from '../../main/engine/backbones/reference'
import { inferShapes } from '../../main/engine/backbones/shapes'
import { GraphSketch, largestDifference, randomInput } from '../fixtures/graphs'

const TOLERANCE = 1e-5
const size = [2, 2] as [number, number]
const strides = size

type Unnamed<Node> = Node extends unknown ? Omit<Node, 'name'> : never

/** A picture of 6 × 5 × 4 under one node, or under some: node0, node1 … */
function network(...nodes: Unnamed<GraphNode>[]): NetworkGraph {
  const sketch = new GraphSketch(6, 5, 4)
  sketch.norm('n', 4)
  nodes.forEach((node, index) => sketch.node({ ...node, name: `node${index}` }))
  return sketch.build()
}

const activation = (kind: ActivationKind, alpha?: number): NetworkGraph =>
  network({ op: 'activation', kind, input: 'image', ...(alpha === undefined ? {} : { alpha }) })

const conv = (): GraphSketch => new GraphSketch(6, 5, 4).conv('c', [3, 3, 4, 16])

const networks: Record<string, NetworkGraph> = {
  ...Object.fromEntries(
    (['swish', 'hardSwish', 'hardSigmoid', 'sigmoid', 'tanh', 'gelu', 'softmax', 'leakyRelu', 'elu'] as const).flatMap(
      (kind) => [
        [kind, activation(kind)],
        [`${kind} after a convolution`, conv().node({ name: 'a', op: 'activation', kind, input: 'c' }).build()]
      ]
    )
  ),
  'leakyRelu with a slope of its own': activation('leakyRelu', 0.1),
  'elu with a scale of its own': activation('elu', 0.5),
  'an affine map for each channel': network({
    op: 'affine',
    input: 'image',
    scale: [1, 2, 3, 4],
    offset: [0, 1, 0, -1]
  }),
  'an affine map for all': network({ op: 'affine', input: 'image', scale: [0.5], offset: [-1] }),
  'an affine map that changes nothing': network({ op: 'affine', input: 'image', scale: [1], offset: [0] }),
  'an affine map, then a convolution and its twin': new GraphSketch(6, 5, 3)
    .node({ name: 'a', op: 'affine', input: 'image', scale: [1, 1, 1], offset: [0, 0, 0] })
    .conv('c', [3, 3, 3, 3])
    .from('image')
    .conv('d', [3, 3, 3, 3])
    .add('s', 'c')
    .build(),
  'a layer norm': network({
    op: 'layerNorm',
    input: 'image',
    gamma: 'n/gamma',
    beta: 'n/beta',
    epsilon: 1e-6
  }),
  'a layer norm without numbers of its own': network({
    op: 'layerNorm',
    input: 'image',
    gamma: null,
    beta: null,
    epsilon: 1e-3
  }),
  'a layer norm of pooled features': network(
    { op: 'globalAveragePool', input: 'image', keepDims: false },
    { op: 'layerNorm', input: 'node0', gamma: 'n/gamma', beta: 'n/beta', epsilon: 1e-6 }
  ),
  'a scale for each channel': network({ op: 'scale', input: 'image', gamma: 'n/gamma' }),
  'a block of ConvNeXt, twice': (() => {
    const sketch = new GraphSketch(6, 5, 4).conv('stem', [2, 2, 4, 4], { strides: 2, padding: 'valid', bias: true })
    for (const block of ['a', 'b']) {
      const start = sketch.last
      sketch.depthwise(`${block}d`, [3, 3, 4, 1], { bias: true }).norm(`${block}n`, 4)
      sketch.node({
        name: `${block}n`,
        op: 'layerNorm',
        input: `${block}d`,
        gamma: `${block}n/gamma`,
        beta: `${block}n/beta`,
        epsilon: 1e-6
      })
      sketch.conv(`${block}1`, [1, 1, 4, 16], { bias: true, padding: 'valid' })
      sketch.node({ name: `${block}g`, op: 'activation', kind: 'gelu', input: `${block}1` })
      sketch.conv(`${block}2`, [1, 1, 16, 4], { bias: false })
      sketch.node({ name: `${block}s`, op: 'scale', input: `${block}2`, gamma: `${block}n/gamma` })
      sketch.add(`${block}+`, start)
    }
    return sketch.pool().build()
  })(),
  'a gate over a map': conv()
    .node({ name: 'squeeze', op: 'globalAveragePool', input: 'c', keepDims: true })
    .conv('r', [1, 1, 16, 2], { bias: true })
    .node({ name: 'a', op: 'activation', kind: 'swish', input: 'r' })
    .conv('e', [1, 1, 2, 16], { bias: true })
    .node({ name: 'g', op: 'activation', kind: 'sigmoid', input: 'e' })
    .node({ name: 'm', op: 'multiply', inputs: ['c', 'g'] })
    .conv('last', [1, 1, 16, 3])
    .build(),
  'a product of three of one shape': network({ op: 'multiply', inputs: ['image', 'image', 'image'] }),
  'a gate in another layout': network(
    { op: 'layerNorm', input: 'image', gamma: null, beta: null, epsilon: 1e-3 },
    { op: 'maxPool', input: 'image', size: [6, 5], strides: [1, 1], padding: 'valid' },
    { op: 'multiply', inputs: ['node0', 'node1'] }
  ),
  'largest of each window': network({ op: 'maxPool', input: 'image', size, strides, padding: 'valid' }),
  "largest of each window with 'same' padding": network({
    op: 'maxPool',
    input: 'image',
    size: [3, 3],
    strides,
    padding: 'same'
  }),
  'largest with zeros around that win': conv()
    .zeroPad('p', [1, 1, 1, 1])
    .node({ name: 'm', op: 'maxPool', input: 'p', size: [3, 3], strides, padding: 'valid' })
    .build(),
  'largest with zeros around that cannot win': conv()
    .relu('r', null)
    .zeroPad('p', [1, 1, 1, 1])
    .node({ name: 'm', op: 'maxPool', input: 'p', size: [3, 3], strides, padding: 'valid' })
    .build(),
  'largest with more zeros around than a window holds': conv()
    .relu('r', null)
    .zeroPad('p', [2, 0, 3, 0])
    .node({ name: 'm', op: 'maxPool', input: 'p', size: [2, 2], strides, padding: 'valid' })
    .build(),
  'mean of each window, padding not counted': network({
    op: 'averagePool',
    input: 'image',
    size: [3, 3],
    strides,
    padding: 'same'
  }),
  'mean of each window with zeros around that count': conv()
    .zeroPad('p', [1, 1, 1, 1])
    .node({ name: 'm', op: 'averagePool', input: 'p', size: [3, 3], strides, padding: 'valid' })
    .build(),
  'maps one after the other': conv()
    .from('image')
    .conv('d', [1, 1, 4, 3])
    .node({ name: 'j', op: 'concat', inputs: ['c', 'image', 'd'] })
    .build(),
  'features one after the other': conv()
    .pool('p')
    .node({ name: 'j', op: 'concat', inputs: ['p', 'p'] })
    .dense('last', 32, 3)
    .build(),
  'a map flattened': conv().node({ name: 'f', op: 'flatten', input: 'c' }).dense('last', 480, 3).build(),
  'a pixel flattened': conv()
    .node({ name: 'g', op: 'globalAveragePool', input: 'c', keepDims: true })
    .node({ name: 'f', op: 'flatten', input: 'g' })
    .dense('last', 16, 3)
    .build(),
  'a pool that keeps its dimensions': network({ op: 'globalAveragePool', input: 'image', keepDims: true }),
  'a border in two layouts': conv()
    .zeroPad('p', [0, 1, 2, 3])
    .from('image')
    .zeroPad('q', [0, 1, 2, 3])
    .conv('d', [1, 1, 4, 16])
    .add('s', 'p')
    .build(),
  'dropout in both layouts': conv()
    .dropout('o')
    .node({ name: 'n', op: 'layerNorm', input: 'o', gamma: null, beta: null, epsilon: 1e-3 })
    .add('s', 'c', 'o')
    .build()
}

describe('ONNX Runtime agrees with the reference', () => {
  it.each(Object.entries(networks))('%s', async (_what, graph) => {
    const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof Ort
    const [height, width, channels] = inferShapes(graph).get('image') as [number, number, number]
    const length = height * width * channels
    const batch = randomInput(2 * length).map((value) => 3 * value)
    const session = await ort.InferenceSession.create(networkToOnnx(graph))
    const { output } = await session.run({ input: new ort.Tensor('float32', batch, [2, height, width, channels]) })
    const expected = [0, 1].map((index) => interpret(graph, batch.slice(index * length, (index + 1) * length)))
    expect(output!.dims).toEqual([2, ...inferShapes(graph).get(graph.output)!])
    const scale = Math.max(1, ...expected.flatMap((values) => [...values.map(Math.abs)]))
    expect(
      largestDifference(
        output!.data as Float32Array,
        expected.flatMap((values) => [...values])
      )
    ).toBeLessThan(TOLERANCE * scale)
    await session.release()
  })
})
