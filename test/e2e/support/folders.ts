/** Temporary homes, and where the pictures of the tests go. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../../..')

/** A new empty folder, and the way to be rid of it. */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `whetstone-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** test/results/screens/NAME.png, to be looked at after a run. */
export function screenshotFile(name: string): string {
  const folder = join(ROOT, 'test/results/screens')
  mkdirSync(folder, { recursive: true })
  return join(folder, `${name}.png`)
}
