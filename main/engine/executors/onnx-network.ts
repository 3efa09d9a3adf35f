/** What ONNX Runtime's native and wasm builds have in common: a session on the bytes that our writer makes. */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { NetworkGraph } from '../backbones/graph'
import { ONNX_INPUT, ONNX_OUTPUT } from '../backbones/onnx/network-to-onnx'
import type { ByteScale } from '../backbones/onnx/quantized/ranges'
import { inferShapes } from '../backbones/shapes'
import type { FrozenNetwork } from './executor'
import { tensorsFor, type OnnxBatch, type OnnxTensors } from './onnx-input'

export interface OnnxRuntime extends OnnxTensors {
  InferenceSession: { create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession> }
}

/**
 * @param bytes the graph as networkToOnnx wrote it
 * @param scale of a network that takes its pictures as bytes
 * @throws StudioError backbone/corrupt when the graph does not fit together
 */
export async function loadOnnxNetwork(
  runtime: OnnxRuntime,
  graph: NetworkGraph,
  bytes: Uint8Array,
  options: InferenceSession.SessionOptions,
  scale: ByteScale | null = null
): Promise<FrozenNetwork> {
  const { inputShape, outputShape } = shapesOf(graph)
  const session = await runtime.InferenceSession.create(bytes, options)
  const size = inputShape.reduce((product, side) => product * side, 1)
  const toTensor = tensorsFor(runtime, scale, { keep: false })
  const answer = async (batch: OnnxBatch, count: number): Promise<Float32Array> => {
    const output = (await session.run({ [ONNX_INPUT]: toTensor(batch, [count, ...inputShape]) }))[ONNX_OUTPUT] as Tensor
    return output.data as Float32Array
  }
  return {
    inputShape,
    outputShape,
    async run(data, count) {
      if (data.length !== count * size) {
        throw new RangeError(`A batch of ${count} holds ${count * size} values, not ${data.length}`)
      }
      return answer({ data }, count)
    },
    runPictures: (pictures, contract) => answer({ bytes: oneAfterAnother(pictures, size), contract }, pictures.length),
    dispose: () => session.release()
  }
}

/** Pictures of `size` bytes as one batch. */
function oneAfterAnother(pictures: readonly Uint8Array[], size: number): Uint8Array {
  if (pictures.length === 1) return pictures[0]!
  const bytes = new Uint8Array(pictures.length * size)
  pictures.forEach((pixels, index) => bytes.set(pixels, index * size))
  return bytes
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
