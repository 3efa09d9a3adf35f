/**
 * `npm run dev`: the renderer hot from Vite, main and preload rebuilt and restarted on save. In a window where Electron is
 * there; else through the loopback door, for which Node takes Electron's place as the program that electron-vite starts.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { displayMissing, findElectron } from './lib/electron.ts'
import { ROOT } from './lib/root.ts'

const VITE = join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js')

export async function main(args: string[]): Promise<void> {
  const reason = displayMissing()
  const found = reason ? { missing: reason } : await findElectron()
  const options = ['dev', '--watch']
  let program = process.execPath
  if ('path' in found) {
    program = found.path
    if (process.env['WHETSTONE_NO_SANDBOX'] === '1') options.push('--noSandbox')
  } else {
    console.error(`No window: ${found.missing}. Open the address below instead.`)
    options.push('--entry', join(ROOT, 'out/main/serve.cjs'))
  }
  const env = { ...process.env, ELECTRON_EXEC_PATH: program }
  const child = spawn(process.execPath, [VITE, ...options, '--', ...args], { cwd: ROOT, stdio: 'inherit', env })
  child.on('exit', (code) => (process.exitCode = code ?? 1))
}
