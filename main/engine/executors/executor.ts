/** One interface over TensorFlow, ONNX Runtime and wasm for whatever is frozen. */
import type { ExecutorId } from '@shared/domain/backbone'
import type { NetworkGraph } from '../backbones/graph'

/** A network with its weights as constants. */
export interface FrozenNetwork {
  /** [height, width, channels] of one input. */
  readonly inputShape: [number, number, number]
  /** Shape of one output, without the batch. */
  readonly outputShape: number[]
  /**
   * @param batch NHWC, float32, length count × height × width × channels.
   * @returns float32, length count × the product of outputShape, NHWC where it has four dimensions.
   */
  run(batch: Float32Array, count: number): Promise<Float32Array>
  dispose(): Promise<void>
}

export interface Executor {
  readonly id: ExecutorId
  /** 'CPU', or the GPU's name. */
  readonly device: string
  readonly version: string
  readonly threads: number
  load(graph: NetworkGraph): Promise<FrozenNetwork>
}
