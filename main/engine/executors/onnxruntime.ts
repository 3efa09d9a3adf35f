/** ONNX Runtime, native, on the CPU: the fastest way through a frozen network there. */
import { createRequire } from 'node:module'
import { StudioError } from '@shared/errors'
import type * as OnnxRuntimeNode from 'onnxruntime-node'
import { networkToOnnx } from '../backbones/onnx/network-to-onnx'
import { inputScale } from '../backbones/onnx/quantized/ranges'
import { assertForm, type Executor, type NetworkUse } from './executor'
import { loadOnnxFile } from './onnx-file'
import { loadOnnxNetwork, shapesOf } from './onnx-network'
import { observeRanges } from './onnx-observe'
import { loadOnThreads } from './onnx-threads'
import { addsBytesExactly } from './tensorflow-kernels/processor'

/**
 * Where pictures are decoded on the same cores meanwhile, threads do not spin while they wait: they would take the time that the
 * decoder needs. A single picture is waited for, and nothing else happens: there they spin from layer to layer, and stop with the
 * last one. Measured on two cores, from file to answer: float32 7.9 → 7.0 ms, eight bits 5.6 → 5.1 ms.
 */
function sessionOptions(threads: number, use: NetworkUse): OnnxRuntimeNode.InferenceSession.SessionOptions {
  const spinning = use === 'single' ? '1' : '0'
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning }, force_spinning_stop: '1' } }
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
      const scale = ranges ? inputScale(graph, ranges) : null
      return use === 'single'
        ? loadOnnxNetwork(runtime, graph, bytes, sessionOptions(threads, use), scale)
        : loadOnThreads(bytes, shapesOf(graph), sessionOptions(threads, use), threads, {
            precision: ranges ? 'int8' : 'float32',
            scale
          })
    },
    observe: (graph, pictures, contract) => {
      const [side] = shapesOf(graph).inputShape
      return observeRanges(runtime, graph, { side, pictures, contract }, sessionOptions(threads, 'single'))
    },
    loadFile: async (model, use = 'single') =>
      loadOnnxFile(runtime, assertForm(model, 'onnx'), sessionOptions(threads, use), { use, cores: threads })
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
