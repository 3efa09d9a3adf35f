/**
 * Door 2: the studio in a browser, over loopback. Composition only. `node out/main/serve.cjs [--home DIR] [--port N]`.
 */
import { toErrorData } from '@shared/errors'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { keepCompiledCode } from './compiled-code'
import { parseServeArguments, serveStudio } from './http/serve-studio'
import { cacheDirectory } from './paths'

async function main(): Promise<void> {
  // For the workers: they start often, this once.
  keepCompiledCode(join(cacheDirectory(process.env, process.platform, homedir()), 'code'))
  const { home, port } = parseServeArguments(process.argv.slice(2))
  await serveStudio({ outDirectory: __dirname, home, port })
}

main().catch((error: unknown) => {
  const { message, hint } = toErrorData(error)
  console.error(`${message}\n${hint}`)
  process.exitCode = (error as { code?: string }).code === 'usage/invalid' ? 2 : 1
})
