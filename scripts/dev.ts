/** `npm run dev`: hot reload. In a window where Electron is there; else the loopback door, with the renderer rebuilt on save. */
import { spawn, type ChildProcess } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { displayMissing, findElectron } from './lib/electron.ts'
import { ROOT } from './lib/root.ts'

const VITE = join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js')

export async function main(args: string[]): Promise<void> {
  const reason = displayMissing()
  const found = reason ? { missing: reason } : await findElectron()
  if ('path' in found) {
    const unsandboxed = process.env['WHETSTONE_NO_SANDBOX'] === '1' ? ['--noSandbox'] : []
    spawn(process.execPath, [VITE, 'dev', '--watch', ...unsandboxed, '--', ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ELECTRON_EXEC_PATH: found.path }
    }).on('exit', (code) => (process.exitCode = code ?? 1))
    return
  }
  console.error(`No window: ${found.missing}. Rebuilding on save; reload the browser to see it.`)
  spawn(process.execPath, [VITE, 'build', '--watch', '--logLevel', 'warn'], { cwd: ROOT, stdio: 'inherit' })
  let studio: ChildProcess | null = null
  let timer: NodeJS.Timeout | undefined
  const restart = (): void => {
    studio?.kill('SIGTERM')
    studio = spawn(process.execPath, [join(ROOT, 'out/main/serve.cjs'), '--port', '4477', ...args], {
      cwd: ROOT,
      stdio: 'inherit'
    })
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(restart, 1500)
  }
  watch(join(ROOT, 'out'), { recursive: true }, (_event, name) => {
    if (name?.startsWith('main')) later()
  })
  later()
}
