/** Where the program of a worker thread lies: beside its source, or among the built files. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * @param name of `NAME.ts` in this folder, and of the built `NAME.cjs`. Run from its source, such a file is read by Node itself:
 *   its imports are relative, with their ending, and its types can be stripped.
 */
export function threadFile(name: string): string {
  const here = fileURLToPath(import.meta.url)
  if (here.endsWith('.ts')) return join(dirname(here), `${name}.ts`)
  // A built module lies in out/main, or in a folder of it.
  const folders = [dirname(here), dirname(dirname(here))]
  const found = folders.map((folder) => join(folder, `${name}.cjs`)).find((path) => existsSync(path))
  if (!found) throw new Error(`The thread '${name}' was not built beside ${here}`)
  return found
}
