/** Builds out/ when a source is newer than the last build. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './root.ts'

const SOURCES = [
  'main',
  'preload',
  'renderer',
  'shared',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json'
]
const STAMP = join(ROOT, 'out', '.built')

/**
 * A fingerprint of every source's path, size and time. A listing rather than the newest time alone, so that a file that was
 * deleted or moved counts as well.
 */
function fingerprint(): string {
  const lines: string[] = []
  const visit = (path: string): void => {
    const info = statSync(join(ROOT, path), { throwIfNoEntry: false })
    if (!info) return
    if (!info.isDirectory()) lines.push(`${path} ${info.size} ${info.mtimeMs}`)
    else for (const name of readdirSync(join(ROOT, path)).sort()) visit(join(path, name))
  }
  SOURCES.forEach(visit)
  return lines.join('\n')
}

/** Resolves when out/ is up to date. Says so on standard error when it takes a while. */
export async function ensureBuilt(): Promise<void> {
  const now = fingerprint()
  try {
    if (readFileSync(STAMP, 'utf8') === now) return
  } catch {
    // Never built.
  }
  console.error('Building the studio (about half a minute, once) …')
  rmSync(STAMP, { force: true })
  await run(process.execPath, [
    join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js'),
    'build',
    '--logLevel',
    'warn'
  ])
  mkdirSync(join(ROOT, 'out'), { recursive: true })
  writeFileSync(STAMP, now)
}

/** Runs a command in the project's folder with its output shown on standard error. @throws when it does not end with 0. */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 2, 2] })
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`))
    )
  })
}
