/** One interface over TensorFlow, ONNX Runtime and wasm for whatever is frozen. */
import type { BackboneForm, ExecutorId, ModelPorts } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import type { NetworkGraph } from '../backbones/graph'
import type { ValueRanges } from '../backbones/onnx/quantized/ranges'
import type { ValueContract } from '../data/normalize'

/** What keeps a network busiest. */
export interface Pace {
  /** Calls to `run` at once. */
  inFlight: number
  /** Inputs in each. */
  batchSize: number
}

/** `single`: one call at a time, answered as soon as can be. `stream`: many, and as many inputs per second as can be. */
export type NetworkUse = 'single' | 'stream'

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
  /**
   * The same from bytes, which are normalised beside the caller's thread; missing: the caller normalises.
   * @param pictures RGB, height × width × 3 each; they may be written over once the call has returned its promise
   */
  runPictures?(pictures: readonly Uint8Array[], contract: ValueContract): Promise<Float32Array>
  dispose(): Promise<void>
}

/** A model that only its own runtime can read. */
export interface ModelFile {
  form: Exclude<BackboneForm, 'graph'>
  /** For messages. */
  name: string
  /** The ONNX file, or the folder with saved_model.pb. */
  path: string
  ports: ModelPorts
  /** Side of the square pictures to run it on. */
  size: number
}

export interface Executor {
  readonly id: ExecutorId
  /** 'CPU', or the GPU's name. */
  readonly device: string
  readonly version: string
  readonly threads: number
  /**
   * @param use `single` unless told otherwise; an executor that knows no difference takes no notice.
   * @param ranges values to round to eight bits, as `observe` tells them; one without `observe` runs float32 all the same
   */
  load(graph: NetworkGraph, use?: NetworkUse, ranges?: ValueRanges): Promise<FrozenNetwork>
  /** What eight bits need to know of a network's values, from pictures as `runPictures` takes them. */
  observe?(graph: NetworkGraph, pictures: readonly Uint8Array[], contract: ValueContract): Promise<ValueRanges>
  /** A model in a foreign form; missing where the executor has none. */
  loadFile?(model: ModelFile, use?: NetworkUse): Promise<FrozenNetwork>
}

/** @throws StudioError device/no-executor when it is of another form than an executor runs */
export function assertForm(model: ModelFile, form: ModelFile['form']): ModelFile {
  if (model.form === form) return model
  const message = `'${model.name}' is kept as ${model.form}, which this executor does not run: it runs ${form}.`
  throw new StudioError('device/no-executor', message, { form: model.form })
}
