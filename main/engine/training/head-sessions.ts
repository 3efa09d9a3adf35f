/** The head's two graphs, loaded into an ONNX Runtime. */
import { StudioError } from '@shared/errors'
import type { ExecutorId } from '@shared/domain/backbone'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { blocksOf, type FeatureValues } from '../data/feature-rows'
import type { OnnxRuntime } from '../executors/onnx-network'
import { loadNative } from '../executors/onnxruntime'
import { loadWasm } from '../executors/wasm'
import type { HeadWeights } from './finetune-contract'
import {
  denseGraph,
  headForwardGraph,
  HEAD_PARAMETERS,
  headStepGraph,
  HIDDEN_PARAMETERS,
  type HeadShape
} from './head-graph'

/** The ONNX Runtime that a head trains on, found on this machine. */
export interface HeadRuntime {
  id: Extract<ExecutorId, 'onnxruntime' | 'wasm'>
  version: string
  runtime: OnnxRuntime
}

interface StepResult {
  /** Mean over the batch, nats. */
  loss: number
  /** [batch, classes]. */
  probabilities: Float32Array
  /** In the order of `headParameters`. */
  gradients: Float32Array[]
}

export interface HeadSessions {
  /**
   * @param x [count, features]
   * @param y [count, classes], rows that sum to the weight of their image
   * @param mask [count, units]: dropout's factors for the hidden layer; for heads that have one
   */
  step(head: HeadWeights, x: Float32Array, y: Float32Array, mask?: Float32Array): Promise<StepResult>
  /** @returns softmax outputs [count, classes] */
  predict(head: HeadWeights, x: FeatureValues): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Rows that one forward call takes: bounds its memory. */
const PREDICT_ROWS = 4096

/**
 * The native build, else the wasm one.
 * @throws StudioError device/no-executor when neither loads
 */
export function findHeadRuntime(): HeadRuntime {
  try {
    const runtime = loadNative()
    return { id: 'onnxruntime', version: runtime.env.versions.common, runtime }
  } catch (nativeError) {
    try {
      const runtime = loadWasm()
      return { id: 'wasm', version: runtime.env.versions.common, runtime }
    } catch (wasmError) {
      const why = [nativeError, wasmError].map((error) => (error instanceof Error ? error.message : String(error)))
      throw new StudioError('device/no-executor', why.join(' '))
    }
  }
}

/** The head's weights in the order of its gradients: kernel, bias, and the hidden layer's. */
export const headParameters = ({ kernel, bias, hidden }: HeadWeights): Float32Array[] =>
  hidden ? [kernel, bias, hidden.kernel, hidden.bias] : [kernel, bias]

export const shapeOfHead = ({ kernel, bias, classes, hidden }: HeadWeights): HeadShape =>
  hidden
    ? { features: hidden.kernel.length / hidden.bias.length, classes, units: hidden.bias.length }
    : { features: kernel.length / bias.length, classes, units: 0 }

export async function openHeadSessions(runtime: HeadRuntime, shape: HeadShape): Promise<HeadSessions> {
  const { features, classes, units } = shape
  const names = units ? [...HEAD_PARAMETERS, ...HIDDEN_PARAMETERS] : HEAD_PARAMETERS
  const stepSession = await createSession(runtime, headStepGraph(shape))
  const forwardSession = await createSession(runtime, headForwardGraph(shape))
  const tensor = tensorOf(runtime)
  const feedsOf = (head: HeadWeights, x: Float32Array): Feeds => ({
    x: tensor(x, [x.length / features, features]),
    kernel: tensor(head.kernel, [units || features, classes]),
    bias: tensor(head.bias, [classes]),
    ...(head.hidden && {
      hidden_kernel: tensor(head.hidden.kernel, [features, units]),
      hidden_bias: tensor(head.hidden.bias, [units])
    })
  })
  return {
    async step(head, x, y, mask) {
      const rows = y.length / classes
      const feeds = { ...feedsOf(head, x), y: tensor(y, [rows, classes]) }
      const outputs = await stepSession.run(mask ? { ...feeds, mask: tensor(mask, [rows, units]) } : feeds)
      return {
        loss: floats(outputs['loss'])[0]!,
        probabilities: floats(outputs['probabilities']),
        gradients: names.map((name) => floats(outputs[`${name}_gradient`]))
      }
    },
    predict: (head, x) => inParts(x, features, classes, (rows) => run(forwardSession, feedsOf(head, rows))),
    async dispose() {
      await stepSession.release()
      await forwardSession.release()
    }
  }
}

/** A dense layer without activation. */
interface DenseSession {
  /** @param x [count, features] @returns [count, classes] */
  run(layer: HeadWeights, x: FeatureValues): Promise<Float32Array>
  dispose(): Promise<void>
}

export async function openDense(runtime: HeadRuntime, features: number, classes: number): Promise<DenseSession> {
  const session = await createSession(runtime, denseGraph(features, classes))
  const tensor = tensorOf(runtime)
  const feedsOf = ({ kernel, bias }: HeadWeights, x: Float32Array): Feeds => ({
    x: tensor(x, [x.length / features, features]),
    kernel: tensor(kernel, [features, classes]),
    bias: tensor(bias, [classes])
  })
  return {
    run: (layer, x) => inParts(x, features, classes, (rows) => run(session, feedsOf(layer, rows))),
    dispose: () => session.release()
  }
}

/** On the CPU of either build. */
export function createSession({ id, runtime }: HeadRuntime, graph: Uint8Array): Promise<InferenceSession> {
  // One thread: the products are small, and their result must not depend on how they were cut among threads.
  return runtime.InferenceSession.create(graph, {
    executionProviders: [id === 'wasm' ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3
  })
}

type Feeds = Record<string, Tensor>

const tensorOf =
  ({ runtime }: HeadRuntime) =>
  (data: Float32Array, dims: readonly number[]): Tensor =>
    new runtime.Tensor('float32', data, dims)

/** Outputs of a session that has one. */
async function run(session: InferenceSession, feeds: Feeds): Promise<Float32Array> {
  return floats(Object.values(await session.run(feeds))[0] as Tensor)
}

async function inParts(
  x: FeatureValues,
  features: number,
  classes: number,
  work: (rows: Float32Array) => Promise<Float32Array>
): Promise<Float32Array> {
  const result = new Float32Array((x.length / features) * classes)
  for (const { start, values } of blocksOf(x, features, PREDICT_ROWS)) result.set(await work(values), start * classes)
  return result
}

const floats = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array
