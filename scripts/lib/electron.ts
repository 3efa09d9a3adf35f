/** Finds Electron's binary, or says in one line why there is none. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, ROOT } from './root.ts'

const PACKAGE = join(ROOT, 'node_modules/electron')
const DOWNLOAD_LIMIT_MS = 120_000
const RETRY_AFTER_MS = 7 * 24 * 3600 * 1000

export type ElectronFound = { path: string } | { missing: string }

/** The binary that is there already: an override, or the one that the electron package downloaded. */
export function installedElectron(): string | null {
  const file = join(PACKAGE, 'path.txt')
  const name = existsSync(file)
    ? readFileSync(file, 'utf8').trim()
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron'
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const path = override ? join(override, name) : join(PACKAGE, 'dist', name)
  return existsSync(path) ? path : null
}

/** Whether a window can be shown at all. */
export function displayMissing(): string | null {
  if (process.platform !== 'linux') return null
  if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'there is no display'
  // Chromium refuses its sandbox to root, and a window without a sandbox is not offered silently.
  if (process.getuid?.() === 0 && process.env['WHETSTONE_NO_SANDBOX'] !== '1')
    return 'a window as root would have no sandbox'
  return null
}

/**
 * Electron's own download, tried once a week at most: install scripts are off in this project, so this is where it happens.
 * A machine that cannot reach it gets the browser instead of an error.
 */
export async function findElectron(): Promise<ElectronFound> {
  const installed = installedElectron()
  if (installed) return { path: installed }
  const note = join(CACHE, 'electron-unreachable')
  const tried = statSync(note, { throwIfNoEntry: false })
  if (tried && Date.now() - tried.mtimeMs < RETRY_AFTER_MS) {
    return {
      missing: `Electron's binary could not be fetched on ${tried.mtime.toDateString()} (delete ${note} to retry)`
    }
  }
  console.error('Fetching Electron (about 110 MB, once) …')
  const failure = await download()
  const path = installedElectron()
  if (path && !failure) return { path }
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(note, failure ?? 'no binary after the download')
  return { missing: `Electron's binary could not be fetched (${failure ?? 'nothing arrived'})` }
}

function download(): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(PACKAGE, 'install.js')], {
      cwd: PACKAGE,
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-2000)))
    const timer = setTimeout(() => child.kill(), DOWNLOAD_LIMIT_MS)
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code) => {
      clearTimeout(timer)
      const reason = /\b(E[A-Z]{4,}|HTTP\w*Error[^\n]*)/.exec(text)?.[0]
      resolve(code === 0 ? null : (reason ?? 'no connection'))
    })
  })
}
