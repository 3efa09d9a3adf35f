/** One interface over TensorFlow, ONNX Runtime and wasm for whatever is frozen. */
import type { ExecutorId } from '@shared/domain/backbone'
import type { NetworkGraph } from '../backbones/graph'

/** What keeps a network busiest. */
export interface Pace {
  /** Calls to `run` at once. */
  inFlight: number
  /** Inputs in each. */
  batchSize: number
}

/** `single`: one call at a time, answered as soon as can be. `stream`: many, and as many inputs per second as can be. */
type NetworkUse = 'single' | 'stream'

/** A network with its weights as constants. */
export interface FrozenNetwork {
  /** [height, width, channels] of one input. */
  readonly inputShape: [number, number, number]
  /** Shape of one output, without the batch. */
  readonly outputShape: number[]
  /** Of a network for a stream; none: one call at a time. */
  readonly pace?: Pace
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
  /** @param use `single` unless told otherwise; an executor that knows no difference takes no notice. */
  load(graph: NetworkGraph, use?: NetworkUse): Promise<FrozenNetwork>
}
