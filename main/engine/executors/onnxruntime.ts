/** ONNX Runtime, native, on the CPU: the fastest way through a frozen network there. */
import { createRequire } from 'node:module'
import { StudioError } from '@shared/errors'
import type * as OnnxRuntimeNode from 'onnxruntime-node'
import { networkToOnnx } from '../backbones/onnx/network-to-onnx'
import { assertForm, type Executor } from './executor'
import { loadOnnxFile } from './onnx-file'
import { loadOnnxNetwork, shapesOf } from './onnx-network'
import { observeRanges } from './onnx-observe'
import { loadOnThreads } from './onnx-threads'
import { addsBytesExactly } from './tensorflow-kernels/processor'

/**
 * Threads do not spin while they wait: pictures are decoded on the same cores meanwhile, and a spinning thread takes the time
 * that the decoder needs.
 */
function sessionOptions(threads: number): OnnxRuntimeNode.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } }
  }
}

/** Of a kernel in eight bits, see quantizeKernel. */
const largestInteger = (): number => (addsBytesExactly() ? 127 : 64)

/** @throws StudioError device/no-executor when the native library does not load */
export async function createOnnxRuntimeExecutor({ threads }: { threads: number }): Promise<Executor> {
  const runtime = loadNative()
  return {
    id: 'onnxruntime',
    device: 'CPU',
    version: runtime.env.versions.common,
    threads,
    load: (graph, use = 'single', ranges) => {
      const bytes = networkToOnnx(graph, ranges && { ranges, largest: largestInteger() })
      return use === 'single'
        ? loadOnnxNetwork(runtime, graph, bytes, sessionOptions(threads))
        : loadOnThreads(bytes, shapesOf(graph), sessionOptions(threads), threads, {
            precision: ranges ? 'int8' : 'float32'
          })
    },
    observe: (graph, pictures, contract) => {
      const [side] = shapesOf(graph).inputShape
      return observeRanges(runtime, graph, { side, pictures, contract }, sessionOptions(threads))
    },
    loadFile: async (model, use) =>
      loadOnnxFile(runtime, assertForm(model, 'onnx'), sessionOptions(threads), { use, cores: threads })
  }
}

/** @throws StudioError device/no-executor */
export function loadNative(): typeof OnnxRuntimeNode {
  try {
    // Only where it is used, and by require: packaged modules cannot be reached by import().
    return createRequire(import.meta.url)('onnxruntime-node') as typeof OnnxRuntimeNode
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StudioError('device/no-executor', `ONNX Runtime does not load: ${why}.`, {}, { cause: error })
  }
}
