/** ONNX Runtime compiled to WebAssembly: the last rung, for machines whose native library does not load. */
import { createRequire } from 'node:module'
import { StudioError } from '@shared/errors'
import type * as OnnxRuntimeWeb from 'onnxruntime-web'
import type { Executor } from './executor'
import { networkToOnnx } from '../backbones/onnx/network-to-onnx'
import { loadOnnxNetwork } from './onnx-network'

/**
 * One thread: in Node the wasm build starts its threads through Web Workers, which Node has not.
 * @throws StudioError device/no-executor when WebAssembly does not start
 */
export async function createWasmExecutor(): Promise<Executor> {
  const runtime = loadWasm()
  return {
    id: 'wasm',
    device: 'CPU',
    version: runtime.env.versions.common,
    threads: 1,
    load: (graph) =>
      loadOnnxNetwork(runtime, graph, networkToOnnx(graph), {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3
      })
  }
}

/** On one thread. @throws StudioError device/no-executor */
export function loadWasm(): typeof OnnxRuntimeWeb {
  try {
    const runtime = createRequire(import.meta.url)('onnxruntime-web') as typeof OnnxRuntimeWeb
    runtime.env.wasm.numThreads = 1
    return runtime
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StudioError('device/no-executor', `WebAssembly does not start: ${why}.`, {}, { cause: error })
  }
}
