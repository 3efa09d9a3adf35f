import { beforeAll, describe, expect, it } from 'vitest'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { GraphNode, NetworkGraph } from '../../../main/engine/backbones/graph'
import { inferShapes } from '../../../main/engine/backbones/shapes'
import { interpret } from '../../../main/engine/backbones/reference'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { TrainableNetwork } from '../../../main/engine/training/finetune/trainable-network'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'

const IMAGES = 3
const CLASSES = 4
const WIDE = 'convolutions of many channels'

/** Every kind of unit, and every route through a convolution. */
const networks: Record<string, NetworkGraph> = {
  'a whole small backbone': tinyBackbone(),
  'biases, with and without batch-norm behind them': new GraphSketch(7, 6, 3)
    .conv('a', [3, 3, 3, 4], { strides: 2, bias: true })
    .batchNorm('an', 4)
    .relu('ar', null)
    .conv('b', [1, 1, 4, 5], { bias: true })
    .relu('br')
    .depthwise('c', [3, 3, 5, 2], { bias: true })
    .batchNorm('cn', 10, { scale: false })
    .conv('d', [1, 1, 10, 3])
    .batchNorm('dn', 3, { center: false })
    .pool()
    .build(),
  'explicit borders and zero padding': new GraphSketch(9, 9, 3)
    .conv('a', [3, 3, 3, 4], { padding: { top: 1, bottom: 0, left: 2, right: 1 }, strides: 2 })
    .batchNorm('an', 4)
    .zeroPad('p', [1, 2, 0, 1])
    .conv('b', [3, 3, 4, 3], { padding: 'valid' })
    .relu('br')
    .dropout('drop')
    .pool()
    .build(),
  [WIDE]: new GraphSketch(3, 3, 3)
    .conv('a', [1, 1, 3, 128])
    .relu('ar')
    .conv('b', [1, 1, 128, 160])
    .batchNorm('bn', 160)
    .relu('br')
    .conv('c', [1, 1, 160, 128])
    .add('s', 'ar')
    .pool()
    .build(),
  'a value with three readers, one of them twice': new GraphSketch(5, 5, 3)
    .conv('a', [1, 1, 3, 3])
    .relu('ar')
    .conv('b', [3, 3, 3, 3])
    .add('s', 'ar', 'ar')
    .relu('sr')
    .add('t', 'ar')
    .pool()
    .build()
}

let tf: TensorFlow
beforeAll(async () => {
  tf = loadTensorFlow(await ensureTestRuntime())
})

describe.each(Object.entries(networks))('training form of %s', (name, graph) => {
  const [height, width, channels] = inferShapes(graph).get(graph.nodes[0]!.name) as [number, number, number]
  const [features] = inferShapes(graph).get(graph.output) as [number]
  const x = randomInput(IMAGES * height * width * channels)
  const head = { kernel: randomInput(features * CLASSES, 8), bias: randomInput(CLASSES, 9), classes: CLASSES }
  const targets = Float32Array.from({ length: IMAGES * CLASSES }, (_, i) => (i % (CLASSES + 1) === 0 ? 0.85 : 0.05))
  const mask = Float32Array.from({ length: IMAGES * features }, (_, i) => (i % 3 === 0 ? 0 : 1.5))

  it('gives the logits of the layers, one after the other', () => {
    const ops = new NativeOps(tf)
    const network = new TrainableNetwork(ops, graph, head)
    const input = tf.tensor4d(x, [IMAGES, height, width, channels])
    const size = height * width * channels
    const expected = Array.from({ length: IMAGES }, (_, image) => {
      const pooled = interpret(graph, x.subarray(image * size, (image + 1) * size))
      return Array.from(head.bias, (bias, c) =>
        pooled.reduce((sum, f, i) => sum + f * head.kernel[i * CLASSES + c]!, bias)
      )
    })
    expect(largestDifference(network.predict(input), expected.flat())).toBeLessThan(1e-4)
    for (const resource of [input, network, ops]) resource.dispose()
  })

  it("has the gradients that TF.js' tape finds on the unfolded layers", () => {
    const ops = new NativeOps(tf)
    const network = new TrainableNetwork(ops, graph, head)
    const [input, target, dropped] = [
      tf.tensor4d(x, [IMAGES, height, width, channels]),
      tf.tensor2d(targets, [IMAGES, CLASSES]),
      tf.tensor2d(mask, [IMAGES, features])
    ]
    const wanted = { probabilities: target, weights: null, masks: { features: dropped, hidden: null } }
    const { lossSum, gradients } = network.lossAndGradients(input, wanted, IMAGES)
    const naive = naiveGradients(tf, graph, head, input, target, dropped)
    expect(lossSum / IMAGES).toBeCloseTo(naive.loss, 4)
    expect([...gradients.keys()].sort()).toEqual([...naive.gradients.keys()].sort())
    for (const [key, gradient] of gradients) {
      const expected = naive.gradients.get(key)!
      const scale = Math.max(1, ...expected.map(Math.abs))
      expect(largestDifference(gradient.dataSync(), expected) / scale, key).toBeLessThan(2e-4)
      gradient.dispose()
    }
    for (const resource of [input, target, dropped, network, ops]) resource.dispose()
  })

  it('has nearly those gradients in bfloat16, predicts as before, and lets go of what it rounded', () => {
    const ops = new NativeOps(tf)
    const [exact, coarse] = (['float32', 'bfloat16'] as const).map(
      (precision) => new TrainableNetwork(ops, graph, head, { momentum: null, precision })
    ) as [TrainableNetwork, TrainableNetwork]
    const input = tf.tensor4d(x, [IMAGES, height, width, channels])
    const wanted = { probabilities: tf.tensor2d(targets, [IMAGES, CLASSES]), weights: null, masks: null }
    expect(coarse.predict(input)).toEqual(exact.predict(input))
    const gradientsOf = (network: TrainableNetwork): Map<string, Float32Array> => {
      const found = network.lossAndGradients(input, wanted, IMAGES).gradients
      const arrays = new Map([...found].map(([key, gradient]) => [key, Float32Array.from(gradient.dataSync())]))
      for (const gradient of found.values()) gradient.dispose()
      return arrays
    }
    const expected = gradientsOf(exact)
    const first = gradientsOf(coarse)
    const handles = ops.liveHandles
    expect(gradientsOf(coarse)).toEqual(first)
    expect(ops.liveHandles).toBe(handles)
    if (name === WIDE) expect(first.get('b/kernel')).not.toEqual(expected.get('b/kernel'))
    else expect(first).toEqual(expected)
    for (const [key, gradient] of first) expect(cosine(gradient, expected.get(key)!), key).toBeGreaterThan(0.99)
    for (const resource of [input, wanted.probabilities, exact, coarse, ops]) resource.dispose()
  })
})

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (u: Float32Array, v: Float32Array): number => u.reduce((sum, value, i) => sum + value * v[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

interface Naive {
  loss: number
  gradients: Map<string, number[]>
}

/** The network as the layers say, every weight a variable, differentiated by TF.js. */
function naiveGradients(
  tf: TensorFlow,
  graph: NetworkGraph,
  head: { kernel: Float32Array; bias: Float32Array; classes: number },
  x: Tensor4D,
  targets: Tensor,
  mask: Tensor
): Naive {
  const statistics = new Set(graph.nodes.flatMap((node) => (node.op === 'batchNorm' ? [node.mean, node.variance] : [])))
  const variables = new Map(
    [...graph.weights].map(([key, { shape, data }]) => [
      key,
      tf.variable(tf.tensor(data.slice(), shape), !statistics.has(key), `naive/${Math.random()}`)
    ])
  )
  const features = head.kernel.length / head.classes
  const kernel = tf.variable(tf.tensor2d(head.kernel.slice(), [features, head.classes]))
  const bias = tf.variable(tf.tensor1d(head.bias.slice()))
  const learnable = [...[...variables.values()].filter(({ trainable }) => trainable), kernel, bias]
  const { value, grads } = tf.variableGrads(() => {
    const values = new Map<string, Tensor>([[graph.nodes[0]!.name, x]])
    for (const node of graph.nodes.slice(1)) values.set(node.name, naiveNode(tf, node, values, variables))
    const logits = values.get(graph.output)!.mul(mask).matMul(kernel).add(bias)
    return tf.losses.softmaxCrossEntropy(targets, logits).asScalar()
  }, learnable)
  const named = [...variables, ['head/kernel', kernel] as const, ['head/bias', bias] as const]
  const gradients = new Map<string, number[]>()
  for (const [key, variable] of named) {
    const gradient = grads[variable.name]
    if (gradient) gradients.set(key, Array.from(gradient.dataSync()))
  }
  const loss = value.dataSync()[0]!
  tf.dispose([value, grads, ...named.map(([, variable]) => variable)])
  return { loss, gradients }
}

function naiveNode(
  tf: TensorFlow,
  node: GraphNode,
  values: Map<string, Tensor>,
  weights: ReadonlyMap<string, Tensor>
): Tensor {
  const value = (name: string): Tensor4D => values.get(name)! as Tensor4D
  const weight = (key: string): Tensor => weights.get(key)!
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const { padding, dilations, strides } = node
      const border = typeof padding === 'string' ? null : padding
      const input = value(node.input)
      const padded = border
        ? input.pad([
            [0, 0],
            [border.top, border.bottom],
            [border.left, border.right],
            [0, 0]
          ])
        : input
      const convolve = node.op === 'conv2d' ? tf.conv2d : tf.depthwiseConv2d
      const pad = padding === 'same' ? 'same' : 'valid'
      const out = convolve(padded as Tensor4D, weight(node.kernel) as Tensor4D, strides, pad, 'NHWC', dilations)
      return node.bias ? out.add(weight(node.bias)) : out
    }
    case 'batchNorm': {
      const scaled = value(node.input).sub(weight(node.mean)).div(weight(node.variance).add(node.epsilon).sqrt())
      const stretched = node.gamma ? scaled.mul(weight(node.gamma) as Tensor1D) : scaled
      return node.beta ? stretched.add(weight(node.beta)) : stretched
    }
    case 'relu':
      return node.max === null ? value(node.input).relu() : value(node.input).clipByValue(0, node.max)
    case 'add':
      return node.inputs.map(value).reduce((sum: Tensor, other) => sum.add(other), tf.scalar(0))
    case 'zeroPad': {
      const { top, bottom, left, right } = node.padding
      return value(node.input).pad([
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0]
      ])
    }
    case 'globalAveragePool':
      return value(node.input).mean([1, 2])
    case 'dropout':
      return value(node.input)
    default:
      throw new Error(`no naive form of ${node.op}`)
  }
}
