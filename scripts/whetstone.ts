/** `npm run -s whetstone -- VERB`: the command line. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.ts'
import { ROOT } from './lib/root.ts'

export async function main(args: string[]): Promise<void> {
  await ensureBuilt()
  const entry = join(ROOT, 'out/main/cli.cjs')
  process.argv = [process.execPath, entry, ...args]
  // Paths that a user gives are relative to where the user is, not to the project that npm has changed into.
  if (process.env['INIT_CWD']) process.chdir(process.env['INIT_CWD'])
  createRequire(import.meta.url)(entry)
}
