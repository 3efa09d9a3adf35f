/** ONNX Runtime, native, on the CPU: the fastest way through a frozen network there. */
import { createRequire } from 'node:module'
import { StudioError } from '@shared/errors'
import type * as OnnxRuntimeNode from 'onnxruntime-node'
import { networkToOnnx } from '../backbones/onnx/network-to-onnx'
import { assertForm, type Executor, type NetworkUse } from './executor'
import { loadOnnxFile } from './onnx-file'
import { loadOnnxNetwork, shapesOf } from './onnx-network'
import { loadOnThreads } from './onnx-threads'

/**
 * In a stream threads do not spin while they wait: pictures are decoded on the same cores meanwhile, and a spinning thread takes
 * the time that the decoder needs. For one picture that somebody waits for they do, since waking them at every layer costs more
 * than the layer; with the answer they go to sleep.
 */
function sessionOptions(threads: number, use: NetworkUse): OnnxRuntimeNode.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: use === 'single' ? '1' : '0' }, force_spinning_stop: '1' } }
  }
}

/** @throws StudioError device/no-executor when the native library does not load */
export async function createOnnxRuntimeExecutor({ threads }: { threads: number }): Promise<Executor> {
  const runtime = loadNative()
  return {
    id: 'onnxruntime',
    device: 'CPU',
    version: runtime.env.versions.common,
    threads,
    load: (graph, use = 'single') =>
      use === 'single'
        ? loadOnnxNetwork(runtime, graph, sessionOptions(threads, use))
        : loadOnThreads(networkToOnnx(graph), shapesOf(graph), sessionOptions(threads, use), threads),
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
