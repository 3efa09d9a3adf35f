/** What ONNX Runtime's native and wasm builds have in common: a session on the bytes that our writer makes. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node'
import type { NetworkGraph } from '../backbones/graph'
import { ONNX_INPUT, ONNX_OUTPUT } from '../backbones/onnx/network-to-onnx'
import { inferShapes } from '../backbones/shapes'
import type { FrozenNetwork } from './executor'

export interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession> }
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => TypedTensor<'float32'>
}

/**
 * @param bytes the graph as networkToOnnx wrote it
 * @throws StudioError backbone/corrupt when the graph does not fit together
 */
export async function loadOnnxNetwork(
  runtime: OnnxRuntime,
  graph: NetworkGraph,
  bytes: Uint8Array,
  options: InferenceSession.SessionOptions
): Promise<FrozenNetwork> {
  const { inputShape, outputShape } = shapesOf(graph)
  const session = await runtime.InferenceSession.create(bytes, options)
  const size = inputShape.reduce((product, side) => product * side, 1)
  return {
    inputShape,
    outputShape,
    async run(batch, count) {
      if (batch.length !== count * size) {
        throw new RangeError(`A batch of ${count} holds ${count * size} values, not ${batch.length}`)
      }
      const feed = new runtime.Tensor('float32', batch, [count, ...inputShape])
      const output = (await session.run({ [ONNX_INPUT]: feed }))[ONNX_OUTPUT] as Tensor
      return output.data as Float32Array
    },
    dispose: () => session.release()
  }
}

/** Of one input and one output. @throws StudioError backbone/corrupt when the graph does not fit together */
export function shapesOf(graph: NetworkGraph): Pick<FrozenNetwork, 'inputShape' | 'outputShape'> {
  const shapes = inferShapes(graph)
  const input = graph.nodes.find((node) => node.op === 'input')!
  return {
    inputShape: shapes.get(input.name) as [number, number, number],
    outputShape: [...shapes.get(graph.output)!]
  }
}
