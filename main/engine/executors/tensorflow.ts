/**
 * TensorFlow, operation by operation, with batch-norm folded into the convolutions: what runs a frozen network on a GPU. On a
 * CPU, ONNX Runtime is faster; there it serves as a second opinion.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { NetworkGraph } from '../backbones/graph'
import { inferShapes, inputsOf, type ValueShape } from '../backbones/shapes'
import { foldBatchNorm } from '../backbones/transforms'
import { libraryVersion, loadTensorFlow, usesGpu, type TensorFlow } from '../runtime/load'
import { assertForm, type Executor, type FrozenNetwork } from './executor'
import { loadSavedModel } from './saved-model'
import { applyNode } from './tensorflow-nodes'

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
    load: async (graph) => freeze(tf, foldBatchNorm(graph)),
    loadFile: async (model) => loadSavedModel(tf, assertForm(model, 'saved-model'))
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
    values.set(node.name, node.op === 'input' ? fed : tf.tidy(() => applyNode(tf, node, inputs, from, weights)))
    for (const name of inputsOf(node)) {
      const left = readersLeft.get(name)! - 1
      readersLeft.set(name, left)
      if (left === 0) values.get(name)!.dispose()
    }
  }
  return values.get(graph.output)!
}
