/** Every op's trainable form against finite differences of its own loss, and its values against the reference. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { ActivationKind, GraphNode, NetworkGraph } from '../../../main/engine/backbones/graph'
import { interpret } from '../../../main/engine/backbones/reference'
import { inferShapes } from '../../../main/engine/backbones/shapes'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { createTensorFlowExecutor } from '../../../main/engine/executors/tensorflow'
import { TrainableNetwork } from '../../../main/engine/training/finetune/trainable-network'
import { createRandom } from '../../../shared/random'
import type { RuntimeLocation } from '../../../shared/worker-protocol/common'
import { GraphSketch, largestDifference, randomInput } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'

const IMAGES = 3
const CLASSES = 3
const SIDE = 6
const CHANNELS = 4

type Reading = GraphNode extends infer N ? (N extends { name: string } ? Omit<N, 'name'> : never) : never

/** A convolution, then `nodes` (each reads the last unless it says otherwise), then what turns the end into features. */
function around(
  nodes: (last: string) => (Reading & { name: string })[],
  weights: Record<string, number[]> = {},
  end: 'pool' | 'none' = 'pool'
): NetworkGraph {
  const sketch = new GraphSketch(SIDE, SIDE, 3).conv('before', [3, 3, 3, CHANNELS], { bias: true })
  const random = createRandom(21)
  for (const [key, shape] of Object.entries(weights)) {
    const length = shape.reduce((product, side) => product * side, 1)
    sketch.weights.set(key, { shape, data: Float32Array.from({ length }, () => 0.5 + random.float()) })
  }
  for (const node of nodes('before')) {
    sketch.nodes.push(node as GraphNode)
    sketch.last = node.name
  }
  return (end === 'pool' ? sketch.pool() : sketch).build()
}

const activation = (kind: ActivationKind, alpha?: number): NetworkGraph =>
  around((input) => [{ name: 'act', op: 'activation', kind, input, ...(alpha === undefined ? {} : { alpha }) }])

const pool = (op: 'maxPool' | 'averagePool', padding: 'same' | 'valid' | 'border', strides = 2): NetworkGraph =>
  around((input) => [
    {
      name: 'p',
      op,
      input,
      size: [3, 2],
      strides: [strides, strides],
      padding: padding === 'border' ? { top: 1, bottom: 0, left: 1, right: 1 } : padding
    }
  ])

/** Nothing before the border learns, so its gradient is nobody's. */
function onThePicture(): NetworkGraph {
  const sketch = new GraphSketch(SIDE, SIDE, 3)
  sketch.nodes.push({ name: 'rescale', op: 'affine', input: 'image', scale: [0.5], offset: [-1] })
  sketch.last = 'rescale'
  return sketch.zeroPad('border', [0, 1, 0, 1]).conv('c', [3, 3, 3, 4], { strides: 2, padding: 'valid' }).pool().build()
}

const networks: Record<string, NetworkGraph> = {
  swish: activation('swish'),
  hardSwish: activation('hardSwish'),
  hardSigmoid: activation('hardSigmoid'),
  sigmoid: activation('sigmoid'),
  tanh: activation('tanh'),
  gelu: activation('gelu'),
  softmax: activation('softmax'),
  leakyRelu: activation('leakyRelu'),
  'leakyRelu 0.1': activation('leakyRelu', 0.1),
  elu: activation('elu'),
  'elu 0.5': activation('elu', 0.5),
  'a rectifier that ends at 2': around((input) => [{ name: 'r', op: 'relu', input, max: 2 }]),
  'squeeze and excite': around((input) => [
    { name: 'squeeze', op: 'globalAveragePool', input, keepDims: true },
    { name: 'gate', op: 'activation', kind: 'sigmoid', input: 'squeeze' },
    { name: 'excite', op: 'multiply', inputs: [input, 'gate'] }
  ]),
  'a product of three': around((input) => [
    { name: 't', op: 'activation', kind: 'tanh', input },
    { name: 'm', op: 'multiply', inputs: [input, 't', input] }
  ]),
  'a batch-norm of its own': around(
    (input) => [
      { name: 'act', op: 'activation', kind: 'tanh', input },
      { name: 'bn', op: 'batchNorm', input: 'act', gamma: 'g', beta: 'b', mean: 'm', variance: 'v', epsilon: 1e-3 }
    ],
    { g: [CHANNELS], b: [CHANNELS], m: [CHANNELS], v: [CHANNELS] }
  ),
  'a batch-norm without scale': around(
    (input) => [
      { name: 'act', op: 'activation', kind: 'tanh', input },
      { name: 'bn', op: 'batchNorm', input: 'act', gamma: null, beta: 'b', mean: 'm', variance: 'v', epsilon: 1e-3 }
    ],
    { b: [CHANNELS], m: [CHANNELS], v: [CHANNELS] }
  ),
  layerNorm: around((input) => [{ name: 'ln', op: 'layerNorm', input, gamma: 'g', beta: 'b', epsilon: 1e-6 }], {
    g: [CHANNELS],
    b: [CHANNELS]
  }),
  'layerNorm after pooling': around(
    (input) => [
      { name: 'gap', op: 'globalAveragePool', input, keepDims: false },
      { name: 'ln', op: 'layerNorm', input: 'gap', gamma: 'g', beta: null, epsilon: 1e-3 }
    ],
    { g: [CHANNELS] },
    'none'
  ),
  'layer scale': around((input) => [{ name: 's', op: 'scale', input, gamma: 'g' }], { g: [CHANNELS] }),
  'affine, a number a channel': around((input) => [
    { name: 'a', op: 'affine', input, scale: [1, -2, 0.5, 3], offset: [0.1] }
  ]),
  'affine on the picture': onThePicture(),
  'concat of maps': around((input) => [
    { name: 't', op: 'activation', kind: 'tanh', input },
    { name: 'c', op: 'concat', inputs: [input, 't', input] }
  ]),
  flatten: around((input) => [{ name: 'f', op: 'flatten', input }], {}, 'none'),
  'a dense layer in the middle': around(
    (input) => [
      { name: 'gap', op: 'globalAveragePool', input, keepDims: false },
      { name: 'd', op: 'dense', input: 'gap', kernel: 'k', bias: 'o' },
      { name: 'act', op: 'activation', kind: 'gelu', input: 'd' }
    ],
    { k: [CHANNELS, 5], o: [5] },
    'none'
  ),
  'maxPool same': pool('maxPool', 'same'),
  'maxPool valid': pool('maxPool', 'valid', 1),
  'maxPool with a border': pool('maxPool', 'border'),
  'averagePool same': pool('averagePool', 'same'),
  'averagePool valid': pool('averagePool', 'valid', 1),
  'averagePool with a border': pool('averagePool', 'border')
}

let tf: TensorFlow
let runtime: RuntimeLocation
beforeAll(async () => {
  runtime = await ensureTestRuntime()
  tf = loadTensorFlow(runtime, { threads: 2 })
})

describe.each(Object.entries(networks))('%s', (_, graph) => {
  const features = inferShapes(graph)
    .get(graph.output)!
    .reduce((product, side) => product * side, 1)
  const size = SIDE * SIDE * 3
  const x = randomInput(IMAGES * size)
  const head = { kernel: randomInput(features * CLASSES, 8), bias: randomInput(CLASSES, 9), classes: CLASSES }
  const targets = Float32Array.from({ length: IMAGES * CLASSES }, (_, i) => (i % (CLASSES + 1) === 0 ? 0.8 : 0.1))

  it('gives what the reference gives, for training and frozen', async () => {
    const ops = new NativeOps(tf)
    const network = new TrainableNetwork(ops, graph, head)
    const input = tf.tensor4d(x, [IMAGES, SIDE, SIDE, 3])
    const pooled = Array.from({ length: IMAGES }, (__, image) =>
      interpret(graph, x.subarray(image * size, (image + 1) * size))
    )
    const logits = pooled.flatMap((row) =>
      Array.from(head.bias, (bias, c) => row.reduce((sum, f, i) => sum + f * head.kernel[i * CLASSES + c]!, bias))
    )
    expect(largestDifference(network.predict(input), logits)).toBeLessThan(2e-4)
    const frozen = await createTensorFlowExecutor({ runtime, threads: 2 }).load(graph)
    const outputs = await frozen.run(x, IMAGES)
    expect(
      largestDifference(
        outputs,
        pooled.flatMap((row) => [...row])
      )
    ).toBeLessThan(1e-4)
    await frozen.dispose()
    for (const resource of [input, network, ops]) resource.dispose()
  })

  it('has the slope that finite differences find, for every parameter, and leaves no tensor', () => {
    const ops = new NativeOps(tf)
    const network = new TrainableNetwork(ops, graph, head)
    const input = tf.tensor4d(x, [IMAGES, SIDE, SIDE, 3])
    const target = tf.tensor2d(targets, [IMAGES, CLASSES])
    const lossAt = (key: string, values: Float32Array): number => {
      network.parameters.variables.get(key)!.assign(values)
      const { lossSum, gradients } = network.lossAndGradients(input, wanted, IMAGES)
      tf.dispose([...gradients.values()])
      return lossSum / IMAGES
    }
    const wanted = { probabilities: target, weights: null, masks: null }
    const { gradients } = network.lossAndGradients(input, wanted, IMAGES)
    const live = ops.liveHandles
    const random = createRandom(33)
    for (const { key, variable } of network.parameters.all) {
      const values = variable.toArray()
      const gradient = gradients.get(key)!.dataSync<'float32'>()
      const direction = Float32Array.from(values, () => random.normal())
      const length = Math.hypot(...direction)
      const step = 4e-3
      const shifted = (sign: number): Float32Array =>
        values.map((value, index) => value + (sign * step * direction[index]!) / length)
      const numeric = (lossAt(key, shifted(1)) - lossAt(key, shifted(-1))) / (2 * step)
      lossAt(key, values)
      const analytic = direction.reduce((sum, d, index) => sum + (d * gradient[index]!) / length, 0)
      expect(Math.abs(numeric - analytic), key).toBeLessThan(2e-3 + 0.02 * Math.abs(analytic))
    }
    expect(ops.liveHandles).toBe(live)
    tf.dispose([...gradients.values()])
    for (const resource of [input, target, network, ops]) resource.dispose()
  })
})
