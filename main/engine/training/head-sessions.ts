/** The head's two graphs, loaded into an ONNX Runtime. */
import { StudioError } from '@shared/errors'
import type { ExecutorId } from '@shared/domain/backbone'
import type { InferenceSession, Tensor } from 'onnxruntime-common'
import type { OnnxRuntime } from '../executors/onnx-network'
import type { HeadWeights } from './finetune-contract'
import { headForwardGraph, headStepGraph } from './head-graph'

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
  /** In the order of `parametersOf`: kernel, bias. */
  gradients: [kernel: Float32Array, bias: Float32Array]
}

export interface HeadSessions {
  /** @param x [count, features] @param y [count, classes], rows that sum to one */
  step(head: HeadWeights, x: Float32Array, y: Float32Array): Promise<StepResult>
  /** @returns softmax outputs [count, classes] */
  predict(head: HeadWeights, x: Float32Array): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Rows that one forward call takes: bounds its memory. */
const PREDICT_ROWS = 4096

/**
 * The native build, else the wasm one.
 * @throws StudioError device/no-executor when neither loads
 */
export async function findHeadRuntime(): Promise<HeadRuntime> {
  try {
    const runtime = await import('onnxruntime-node')
    return { id: 'onnxruntime', version: runtime.env.versions.common, runtime }
  } catch (nativeError) {
    try {
      const runtime = await import('onnxruntime-web')
      runtime.env.wasm.numThreads = 1
      return { id: 'wasm', version: runtime.env.versions.common, runtime }
    } catch (wasmError) {
      const why = [nativeError, wasmError].map((error) => (error instanceof Error ? error.message : String(error)))
      throw new StudioError('device/no-executor', `Neither build of ONNX Runtime loads: ${why.join('; ')}.`)
    }
  }
}

export async function openHeadSessions(
  { id, runtime }: HeadRuntime,
  features: number,
  classes: number
): Promise<HeadSessions> {
  // One thread: the products are small, and their result must not depend on how they were cut among threads.
  const options: InferenceSession.SessionOptions = {
    executionProviders: [id === 'wasm' ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3
  }
  const stepSession = await runtime.InferenceSession.create(headStepGraph(features, classes), options)
  const forwardSession = await runtime.InferenceSession.create(headForwardGraph(features, classes), options)
  const tensor = (data: Float32Array, dims: readonly number[]): Tensor => new runtime.Tensor('float32', data, dims)
  const feedsOf = (head: HeadWeights, x: Float32Array): Record<string, Tensor> => ({
    x: tensor(x, [x.length / features, features]),
    kernel: tensor(head.kernel, [features, classes]),
    bias: tensor(head.bias, [classes])
  })
  return {
    async step(head, x, y) {
      const outputs = await stepSession.run({ ...feedsOf(head, x), y: tensor(y, [y.length / classes, classes]) })
      return {
        loss: floats(outputs['loss'])[0]!,
        probabilities: floats(outputs['probabilities']),
        gradients: [floats(outputs['kernel_gradient']), floats(outputs['bias_gradient'])]
      }
    },
    async predict(head, x) {
      const count = x.length / features
      const result = new Float32Array(count * classes)
      for (let start = 0; start < count; start += PREDICT_ROWS) {
        const rows = x.subarray(start * features, Math.min(count, start + PREDICT_ROWS) * features)
        const outputs = await forwardSession.run(feedsOf(head, rows))
        result.set(floats(outputs['probabilities']), start * classes)
      }
      return result
    },
    async dispose() {
      await stepSession.release()
      await forwardSession.release()
    }
  }
}

const floats = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array
