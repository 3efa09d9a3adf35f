/**
 * Compiles the Node-API binding from the sources inside @tensorflow/tfjs-node-gpu, against the C headers of the wheel, with
 * whatever C++ compiler is there. Node-API is stable: the same file loads in Node and in Electron.
 */
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StudioError } from '@shared/errors'
import { runChild } from './child'
import type { Log } from './log'

export interface Compiler {
  /** For the log and the manifest. */
  name: string
  command: string
  args: string[]
  /** Variables it needs besides those of the user. */
  env?: Record<string, string>
}

export interface BindingSources {
  /** Folder of `tfjs_binding.cc` and `tfjs_backend.cc`. */
  directory: string
  /** Folder of `node_api.h`. */
  nodeApi: string
  /** Version of @tensorflow/tfjs-node-gpu. */
  version: string
}

const TIMEOUT_MS = 10 * 60_000

/** The system's compilers that start, best first. */
export async function systemCompilers(env: NodeJS.ProcessEnv = process.env, signal?: AbortSignal): Promise<Compiler[]> {
  const found: Compiler[] = []
  for (const command of ['g++', 'clang++', 'c++']) {
    const { code, stdout } = await runChild(command, ['--version'], { env, signal, timeoutMs: 30_000 })
    if (code === 0) found.push({ name: stdout.split('\n')[0]?.trim() || command, command, args: [] })
  }
  return found
}

/**
 * Zig, unpacked from its wheel: a C++ compiler with its own headers and libraries, which it builds first. What it makes on the
 * way stays in `directory`.
 */
export async function zigCompiler(directory: string, version: string, arch: string): Promise<Compiler> {
  const command = join(directory, 'ziglang', 'zig')
  await chmod(command, 0o755)
  const target = `${arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu.2.27`
  const caches = { ZIG_GLOBAL_CACHE_DIR: join(directory, 'cache'), ZIG_LOCAL_CACHE_DIR: join(directory, 'cache') }
  return { name: `zig ${version}`, command, args: ['c++', '-target', target], env: caches }
}

/** Where the sources and Node's headers lie on disk; a compiler cannot look into an asar archive. */
export function bindingSources(): BindingSources {
  const require = createRequire(import.meta.url)
  const manifest = require.resolve('@tensorflow/tfjs-node-gpu/package.json')
  const { version } = require(manifest) as { version: string }
  return {
    directory: outsideAsar(join(dirname(manifest), 'binding')),
    nodeApi: outsideAsar(join(dirname(require.resolve('node-api-headers/package.json')), 'include')),
    version
  }
}

export function outsideAsar(path: string): string {
  return path.replace(/([\\/][^\\/]+\.asar)(?=[\\/])/, '$1.unpacked')
}

export interface CompileOptions {
  compiler: Compiler
  sources: BindingSources
  platform: string
  /** Folder that holds `deps/lib`, `include`; the binding goes to `lib/napi-v8/tfjs_binding.node` below it. */
  root: string
  libraries: readonly string[]
  env?: NodeJS.ProcessEnv
  log: Log
  signal?: AbortSignal
}

/** @throws StudioError runtime/failed with the compiler's own words */
export async function compileBinding(options: CompileOptions): Promise<string> {
  const { compiler, sources, platform, root, libraries, env, log, signal } = options
  for (const path of [sources.directory, sources.nodeApi]) {
    if (!existsSync(path))
      throw new StudioError('runtime/failed', `The binding's sources are missing: ${path}.`, { path })
  }
  const output = join(root, 'lib', 'napi-v8', 'tfjs_binding.node')
  await mkdir(dirname(output), { recursive: true })
  const flags = platform.startsWith('darwin') ? DARWIN_FLAGS : LINUX_FLAGS
  const args = [
    ...compiler.args,
    ...['-std=c++17', '-O2', '-fPIC', '-DNAPI_VERSION=8', '-w'],
    ...[`-I${sources.nodeApi}`, `-I${join(root, 'include')}`],
    ...[join(sources.directory, 'tfjs_backend.cc'), join(sources.directory, 'tfjs_binding.cc')],
    ...['-o', output, ...flags, ...libraries.map((name) => join(root, 'deps', 'lib', name))]
  ]
  log.write(`${compiler.name}: ${compiler.command} ${args.join(' ')}`)
  const onLine = (line: string): void => log.write(`  ${line}`)
  const result = await runChild(compiler.command, args, {
    ...{ signal, timeoutMs: TIMEOUT_MS, onLine },
    env: { ...(env ?? process.env), ...compiler.env }
  })
  if (result.code === 0) return output
  const words = result.stderr.trimEnd().split('\n')
  const why = words.find((line) => line.includes('error:')) ?? words.at(-1) ?? ''
  throw new StudioError('runtime/failed', `${compiler.name} could not compile the binding: ${why.trim()}`, {
    compiler: compiler.name,
    output: result.stderr.slice(-4000)
  })
}

/** The binding finds the two libraries beside itself, wherever the folder lies; Node-API's own symbols are Node's. */
const LINUX_FLAGS = ['-shared', '-s', '-Wl,-rpath,$ORIGIN/../../deps/lib']
const DARWIN_FLAGS = ['-dynamiclib', '-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/../../deps/lib']
