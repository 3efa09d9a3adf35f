/** Compiles the binding with the first compiler that can: the system's, then zig out of its wheel. */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { bindingSources, compileBinding, zigCompiler, type Compiler } from './compiler'
import { fileSha256, removeTree } from './files'
import type { Log } from './log'
import { fetchWheels } from './pip'
import type { RuntimePlan } from './plan'
import type { Python } from './python'
import { unpackWheel, type UnpackedFile } from './unpack'

export interface BuildOptions {
  plan: RuntimePlan
  python: Python
  compilers: Compiler[]
  /** Folder of whatever is thrown away at the end. */
  partial: string
  /** Folder of the runtime: holds `deps/lib` and `include`; `include` is removed. */
  root: string
  log: Log
  signal?: AbortSignal
  env?: NodeJS.ProcessEnv
}

export interface BuiltBinding {
  compiler: string
  /** Version of @tensorflow/tfjs-node-gpu. */
  binding: string
  file: UnpackedFile
}

/** @throws StudioError runtime/no-compiler when there is none and none is known for this platform */
export function requireCompiler(compilers: readonly Compiler[], plan: RuntimePlan): void {
  if (compilers.length > 0 || plan.zig) return
  throw new StudioError('runtime/no-compiler', 'No C++ compiler was found: looked for g++, clang++ and c++.')
}

/** @throws StudioError runtime/failed with the last compiler's words, or what fetching zig throws */
export async function buildBinding(options: BuildOptions): Promise<BuiltBinding> {
  const { plan, compilers, root, log, signal } = options
  const sources = bindingSources()
  const compile = (compiler: Compiler): Promise<string> =>
    compileBinding({ ...options, compiler, sources, platform: plan.platform, libraries: plan.libraries })
  let failure: unknown = null
  for (const choice of [...compilers, ...(plan.zig ? [null] : [])]) {
    try {
      const compiler = choice ?? (await fetchZig(options))
      const output = await compile(compiler)
      await removeTree(join(root, 'include'))
      const file = { path: 'lib/napi-v8/tfjs_binding.node', ...(await describe(output, signal)) }
      return { compiler: compiler.name, binding: sources.version, file }
    } catch (error) {
      signal?.throwIfAborted()
      log.write(error instanceof Error ? error.message : String(error))
      // What a compiler of the system has to say is more to the point than that zig cannot be fetched either.
      failure ??= error
    }
  }
  throw failure
}

async function fetchZig({ plan, python, partial, log, signal, env }: BuildOptions): Promise<Compiler> {
  const wheel = plan.zig
  if (!wheel) throw new StudioError('runtime/no-compiler', `No C++ compiler is known for ${plan.platform}.`)
  const root = join(partial, 'zig')
  const scratch = join(partial, 'zig-scratch')
  for (const path of [root, scratch]) await mkdir(path, { recursive: true })
  const steps = { python, log, signal, env }
  const onBytes = (): void => undefined
  const fetched = await fetchWheels({
    ...{ ...steps, wheels: [wheel], tags: plan.zigTags, directory: join(partial, 'wheels'), scratch, onBytes }
  })
  for (const path of fetched)
    await unpackWheel({ ...steps, wheel: path, root, rules: [['(ziglang/.*)', '\\1']], onBytes })
  return zigCompiler(root, wheel.version, process.arch)
}

async function describe(path: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  return { bytes: (await stat(path)).size, sha256: await fileSha256(path, signal) }
}
