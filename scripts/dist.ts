/** `npm run dist`: the unpacked program in dist/. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, run } from './lib/build.ts'
import { installedElectron } from './lib/electron.ts'
import { ROOT } from './lib/root.ts'
import { prepareTestElectron } from './lib/test-electron.ts'

const BUILDER = join(ROOT, 'node_modules/electron-builder/cli.js')
const SQLITE_BINARY = 'resources/app.asar.unpacked/node_modules/better-sqlite3/prebuilds/linux-x64.node'

export async function main(args: string[]): Promise<void> {
  await ensureBuilt()
  if (installedElectron() && !args.includes('--test')) {
    await run(process.execPath, [BUILDER, '--dir', '--publish', 'never', ...args])
    return
  }
  const program = await distForTests()
  if (!program)
    throw new Error("Electron's binary is not there and could not be replaced: run npm start once with a network.")
  console.error(`Packed with the tests' Electron, not to be shipped: ${program}`)
}

/** The unpacked program on the tests' Electron; its executable, or null where there is no such Electron. */
export async function distForTests(): Promise<string | null> {
  const electron = prepareTestElectron()
  if (!electron) return null
  await ensureBuilt()
  const runtime = [`-c.electronDist=${electron.dist}`, `-c.electronVersion=${electron.version}`]
  await run(process.execPath, [BUILDER, '--dir', '--publish', 'never', ...runtime])
  const folder = join(ROOT, 'dist', 'linux-unpacked')
  if (electron.sqlite) {
    // Over the prebuilt binary, which wants a newer Node-API than this Electron has; asar's index knows no other name.
    copyFileSync(electron.sqlite, join(folder, SQLITE_BINARY))
  }
  const program = join(folder, 'whetstone')
  if (!existsSync(program)) throw new Error(`electron-builder left no program at ${program}`)
  execFileSync('chmod', ['-R', 'u+rwX,go+rX', folder])
  return program
}
