/**
 * TensorFlow, operation by operation, with batch-norm folded into the convolutions: what runs a frozen network on a GPU. On a
 * CPU, ONNX Runtime is faster; there it serves as a second opinion.
 */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { GraphNode, NetworkGraph } from '../backbones/graph'
import { inferShapes, inputsOf, padAmounts, type ValueShape } from '../backbones/shapes'
import { foldBatchNorm } from '../backbones/transforms'
import { libraryVersion, loadTensorFlow, usesGpu, type TensorFlow } from '../runtime/load'
import type { Executor, FrozenNetwork } from './executor'

export interface TensorFlowExecutorOptions {
  runtime: RuntimeLocation
  threads: number
  /** Name of the GPU, where one was found. */
  gpuName?: string | null
}

/** @throws StudioError runtime/not-ready, runtime/corrupt or runtime/failed when TensorFlow does not load */
export function createTensorFlowExecutor({ runtime, threads, gpuName }: TensorFlowExecutorOptions): Executor {
  const tf = loadTensorFlow(runtime, { threads })
  return {
    id: 'tensorflow',
    device: usesGpu(tf) ? (gpuName ?? 'GPU') : 'CPU',
    version: libraryVersion(tf),
    threads,
    load: async (graph) => freeze(tf, foldBatchNorm(graph))
  }
}

function freeze(tf: TensorFlow, graph: NetworkGraph): FrozenNetwork {
  const shapes = inferShapes(graph)
  const input = graph.nodes.find((node) => node.op === 'input')!
  const inputShape = shapes.get(input.name) as [number, number, number]
  const size = inputShape.reduce((product, side) => product * side, 1)
  const weights = new Map(
    [...graph.weights].map(([key, { shape, data }]) => [key, tf.tensor(data, shape, 'float32')] as const)
  )
  return {
    inputShape,
    outputShape: [...shapes.get(graph.output)!],
    async run(batch, count) {
      if (batch.length !== count * size) {
        throw new RangeError(`A batch of ${count} holds ${count * size} values, not ${batch.length}`)
      }
      const output = tf.tidy(() => {
        const fed = tf.tensor4d(batch, [count, ...inputShape], 'float32')
        return evaluate(tf, graph, shapes, weights, fed)
      })
      try {
        return await output.data<'float32'>()
      } finally {
        output.dispose()
      }
    },
    async dispose() {
      for (const tensor of weights.values()) tensor.dispose()
      weights.clear()
    }
  }
}

/** Each value is freed as soon as its last reader has run: a deep network's intermediate values fill a GPU otherwise. */
function evaluate(
  tf: TensorFlow,
  graph: NetworkGraph,
  shapes: Map<string, ValueShape>,
  weights: Map<string, Tensor>,
  fed: Tensor4D
): Tensor {
  const readersLeft = new Map<string, number>([[graph.output, 1]])
  for (const name of graph.nodes.flatMap(inputsOf)) readersLeft.set(name, (readersLeft.get(name) ?? 0) + 1)
  const values = new Map<string, Tensor>()
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((name) => values.get(name)!)
    const from = shapes.get(inputsOf(node)[0] ?? node.name)!
    values.set(node.name, node.op === 'input' ? fed : tf.tidy(() => apply(tf, node, inputs, from, weights)))
    for (const name of inputsOf(node)) {
      const left = readersLeft.get(name)! - 1
      readersLeft.set(name, left)
      if (left === 0) values.get(name)!.dispose()
    }
  }
  return values.get(graph.output)!
}

function apply(
  tf: TensorFlow,
  node: Exclude<GraphNode, { op: 'input' }>,
  inputs: Tensor[],
  from: ValueShape,
  weights: Map<string, Tensor>
): Tensor {
  const x = inputs[0]!
  const weight = (key: string | null): Tensor | null => (key === null ? null : weights.get(key)!)
  const biased = (value: Tensor, key: string | null): Tensor => (key === null ? value : value.add(weights.get(key)!))
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return biased(convolve(tf, node, x as Tensor4D, weights.get(node.kernel) as Tensor4D, from), node.bias)
    case 'batchNorm': {
      const [mean, variance] = [weights.get(node.mean)!, weights.get(node.variance)!]
      const [offset, scale] = [weight(node.beta) ?? undefined, weight(node.gamma) ?? undefined]
      return tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never, node.epsilon)
    }
    case 'relu':
      return node.max === null ? x.relu() : node.max === 6 ? tf.relu6(x) : x.clipByValue(0, node.max)
    case 'add':
      return tf.addN(inputs)
    case 'zeroPad': {
      const { top, bottom, left, right } = node.padding
      return pad(tf, x as Tensor4D, top, bottom, left, right)
    }
    case 'globalAveragePool':
      return x.mean([1, 2])
    case 'dropout':
      return x.clone()
    case 'dense':
      return biased(tf.matMul(x as Tensor2D, weights.get(node.kernel) as Tensor2D), node.bias)
  }
}

function convolve(
  tf: TensorFlow,
  node: Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>,
  x: Tensor4D,
  kernel: Tensor4D,
  [height, width]: ValueShape
): Tensor4D {
  let padding = node.padding
  let padded = x
  if (typeof padding !== 'string') {
    const window = { ...node, kernel: [kernel.shape[0], kernel.shape[1]] as [number, number] }
    const { top, bottom, left, right } = padAmounts(height, width!, window)
    padded = pad(tf, x, top, bottom, left, right)
    padding = 'valid'
  }
  const convolution = node.op === 'conv2d' ? tf.conv2d : tf.depthwiseConv2d
  return convolution(padded, kernel, node.strides, padding, 'NHWC', node.dilations)
}

const pad = (tf: TensorFlow, x: Tensor4D, top: number, bottom: number, left: number, right: number): Tensor4D =>
  x.pad([
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0]
  ])
