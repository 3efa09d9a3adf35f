/** The packaged program in a real window, under a display of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { _electron, type ElectronApplication } from 'playwright-core'

export interface Display {
  name: string
  close(): void
}

/** An X server without a screen, on the first free display from 90 on. */
export async function openDisplay(): Promise<Display> {
  for (let number = 90; number < 120; number++) {
    if (existsSync(`/tmp/.X11-unix/X${number}`)) continue
    const server = spawn('Xvfb', [`:${number}`, '-screen', '0', '1920x1080x24', '-nolisten', 'tcp'], {
      stdio: 'ignore'
    })
    if (await isUp(server, number)) return { name: `:${number}`, close: () => server.kill() }
  }
  throw new Error('no display could be opened for the window tests')
}

async function isUp(server: ChildProcess, number: number): Promise<boolean> {
  for (let attempt = 0; attempt < 50 && server.exitCode === null; attempt++) {
    if (existsSync(`/tmp/.X11-unix/X${number}`)) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  server.kill()
  return false
}

export function launchProgram(home: string, display: string): Promise<ElectronApplication> {
  // Chromium's sandbox refuses root; the tests' own processes are the only ones that run without it.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return _electron.launch({
    executablePath: process.env['WHETSTONE_TEST_PROGRAM']!,
    args: [...root, '--disable-gpu', '--home', home],
    env: { ...(process.env as Record<string, string>), DISPLAY: display },
    timeout: 60_000
  })
}
