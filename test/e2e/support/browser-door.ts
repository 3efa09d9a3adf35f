/** The studio behind the loopback door, with Chromium before it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { ROOT } from './folders'

/** Without these, Chromium asks for addresses of its own, which a closed network answers slowly. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

export interface ServedStudio {
  /** With the one-time token. */
  address: string
  pid: number
  stop(): Promise<void>
}

export function serveStudio(home: string, env: NodeJS.ProcessEnv = {}): Promise<ServedStudio> {
  const child = spawn(process.execPath, [join(ROOT, 'out/main/serve.cjs'), '--home', home], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(text)?.[0]
      if (address) resolve({ address, pid: child.pid!, stop: () => stop(child) })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => reject(new Error(`serve ended with ${code} before it was open:\n${text}`)))
    setTimeout(() => reject(new Error(`serve printed no address:\n${text}`)), 60_000).unref()
  })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.on('exit', () => resolve())
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), 20_000).unref()
  })
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['WHETSTONE_TEST_CHROMIUM']!, args: QUIET })
}

export async function openPage(browser: Browser, address: string, theme: 'light' | 'dark' = 'light'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: theme })
  const page = await context.newPage()
  await page.goto(address)
  return page
}
