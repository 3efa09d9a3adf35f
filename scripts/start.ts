/** `npm start`: the studio in a window, or in the browser where a window cannot be had. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.ts'
import { displayMissing, findElectron } from './lib/electron.ts'
import { ROOT } from './lib/root.ts'

export async function main(args: string[]): Promise<void> {
  const browser = args.includes('--browser')
  const rest = args.filter((arg) => arg !== '--browser')
  await ensureBuilt()
  if (!browser) {
    const reason = displayMissing()
    const found = reason ? { missing: reason } : await findElectron()
    if ('path' in found) {
      const unsandboxed = process.env['WHETSTONE_NO_SANDBOX'] === '1' ? ['--no-sandbox'] : []
      return hand(found.path, [...unsandboxed, ROOT, ...rest])
    }
    console.error(`No window: ${found.missing}. The same studio opens in your browser.`)
  }
  await hand(process.execPath, [join(ROOT, 'out/main/serve.cjs'), ...rest])
}

/** Runs the studio and ends with its exit code; Ctrl-C reaches it through the terminal's process group. */
function hand(command: string, args: string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: process.cwd(), stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
    child.on('exit', (code) => {
      process.exitCode = code ?? 1
      resolve()
    })
  })
}
