/** Opens the studio behind a loopback server, and closes both when the process is asked to end. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { StudioError } from '@shared/errors'
import { openLocalStudio } from '../local-studio'
import { createHttpApp } from './app'
import { listen } from './listen'
import { LoopbackGuard } from './loopback-guard'
import { parsePort } from './port'

export interface ServeOptions {
  /** out/main, where the built files lie. */
  outDirectory: string
  home: string | undefined
  /** 0: any free one. */
  port: number
}

/** @throws StudioError usage/invalid */
export function parseServeArguments(args: string[]): Pick<ServeOptions, 'home' | 'port'> {
  try {
    const { values } = parseArgs({ args, options: { home: { type: 'string' }, port: { type: 'string' } } })
    return { home: values.home, port: parsePort(values.port ?? '0') }
  } catch (error) {
    if (error instanceof StudioError) throw error
    throw new StudioError('usage/invalid', error instanceof Error ? error.message : String(error))
  }
}

/**
 * Resolves when the server listens and the address was printed; the process then lives until SIGINT or SIGTERM. A second
 * signal ends it at once.
 *
 * @throws StudioError usage/invalid when the port is taken; store/* when the database cannot be opened
 */
export async function serveStudio({ outDirectory, home, port }: ServeOptions): Promise<void> {
  const studio = await openLocalStudio({ outDirectory, home, door: 'browser' })
  let listeningPort = 0
  const security = new LoopbackGuard(() => listeningPort)
  const rendererUrl = process.env['ELECTRON_RENDERER_URL']
  const app = createHttpApp(studio, { rendererDirectory: join(outDirectory, '../renderer'), rendererUrl, security })
  const server = await listen(app, port).catch(async (error: unknown) => {
    await studio.close()
    throw error
  })
  listeningPort = server.port

  let ending = false
  const end = async (): Promise<void> => {
    if (ending) process.exit(1)
    ending = true
    process.stderr.write('Closing the studio …\n')
    await studio.close()
    await server.close()
    process.exit(0)
  }
  process.on('SIGINT', () => void end())
  process.on('SIGTERM', () => void end())
  process.stdout.write(`Whetstone is open at ${security.address}\n`)
  process.stderr.write('The address works once, in one browser. Ctrl-C closes the studio.\n')
}
