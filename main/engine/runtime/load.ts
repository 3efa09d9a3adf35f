/**
 * Loads TensorFlow from the prepared runtime into this process. Nothing is written into node_modules, which is read-only in a
 * packaged program: the package is told where its binding lies when it asks.
 */
import type * as tfjs from '@tensorflow/tfjs-node-gpu'
import Module, { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import util from 'node:util'
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { cureKernels } from './cures'

export type TensorFlow = typeof tfjs

export interface LoadOptions {
  /** Threads of one operation; every core when it is left out. Counts for the first load of a process. */
  threads?: number
}

const bindingPath = (location: RuntimeLocation): string =>
  join(location.directory, 'lib', 'napi-v8', 'tfjs_binding.node')

let loaded: { tensorflow: TensorFlow; directory: string } | null = null

/**
 * The same module at every call of one process. The backend 'tensorflow' is set and its kernels are cured.
 *
 * @throws StudioError runtime/not-ready when nothing is prepared there, runtime/corrupt when the library is damaged,
 *   runtime/failed when it does not load for any other reason
 */
export function loadTensorFlow(location: RuntimeLocation, options: LoadOptions = {}): TensorFlow {
  if (loaded) {
    if (loaded.directory === location.directory) return loaded.tensorflow
    throw new StudioError('runtime/failed', 'This process has loaded another TensorFlow runtime already.', {
      loaded: loaded.directory,
      asked: location.directory
    })
  }
  const binding = bindingPath(location)
  if (!existsSync(binding)) {
    throw new StudioError('runtime/not-ready', `TensorFlow is not prepared in ${location.directory}.`, { binding })
  }
  setEnvironment(options)
  restoreRemovedUtilities()
  try {
    const tensorflow = withBindingAt(binding, () => {
      const require = createRequire(import.meta.url)
      return require('@tensorflow/tfjs-node-gpu') as TensorFlow
    })
    tensorflow.enableProdMode()
    cureKernels(tensorflow)
    loaded = { tensorflow, directory: location.directory }
    return tensorflow
  } catch (error) {
    throw loadError(error, binding)
  }
}

/** The name of the GPU device TensorFlow uses is not told by the binding; only whether there is one. */
export const usesGpu = (tensorflow: TensorFlow): boolean =>
  (tensorflow.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice

/** Version of the C library, for example '2.21.0'. */
export const libraryVersion = (tensorflow: TensorFlow): string =>
  (tensorflow.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version

function setEnvironment({ threads }: LoadOptions): void {
  // Warnings about missing plug-ins help nobody; errors stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'
  if (threads === undefined) return
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads)
  process.env['TF_NUM_INTEROP_THREADS'] = '1'
}

/** The package calls two functions of `util` that newer Nodes have removed, or warn of. */
function restoreRemovedUtilities(): void {
  const old = util as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean }
  old.isNullOrUndefined = (value) => value === null || value === undefined
  old.isArray = Array.isArray
}

type Loader = (request: string, parent: { filename?: string } | undefined, isMain: boolean) => unknown

/** While `work` runs, the package's question for its binding is answered with `binding`. */
function withBindingAt<T>(binding: string, work: () => T): T {
  const modules = Module as unknown as { _load: Loader }
  const load = modules._load
  modules._load = function (request, parent, isMain) {
    const isAsked = request === '@mapbox/node-pre-gyp' && parent?.filename?.includes('tfjs-node-gpu')
    return isAsked ? { find: () => binding } : load.call(this, request, parent, isMain)
  }
  try {
    return work()
  } finally {
    modules._load = load
  }
}

/** @param error what importing the package threw */
function loadError(error: unknown, binding: string): StudioError {
  if (error instanceof StudioError) return error
  const words = error instanceof Error ? error.message : String(error)
  const details = { binding, directory: dirname(binding), cause: error instanceof Error ? error.stack : words }
  if (/file too short|invalid ELF header|ELF load command|not a mach-o file|truncated/i.test(words)) {
    return new StudioError('runtime/corrupt', `The TensorFlow library is damaged: ${words}`, details, { cause: error })
  }
  return new StudioError('runtime/failed', `TensorFlow could not be loaded: ${words}`, details, { cause: error })
}
