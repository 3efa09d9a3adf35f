/** Compiled code kept between starts: of what a command takes to begin, a third was the compiling of the same code again. */
import module from 'node:module'

/** Of newer Nodes (22.1) only. */
interface CodeCache {
  enableCompileCache?(directory: string): unknown
}

/**
 * From here on, modules of this process and of its children are compiled once a version of them. Call it before what is to profit
 * is loaded. Does nothing where Node cannot, and what cannot be written is compiled again.
 *
 * @param directory made when it is missing
 */
export function keepCompiledCode(directory: string, env: NodeJS.ProcessEnv = process.env): void {
  const { enableCompileCache } = module as CodeCache
  if (!enableCompileCache || env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE']) return
  enableCompileCache(directory)
  env['NODE_COMPILE_CACHE'] = directory
}
