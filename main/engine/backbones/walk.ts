/** All files below a folder. (`readdir` knows how since Node 18.17; the program runs from 18.15 on.) */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Links and what else is no plain file are passed over: what they lead to need not belong to the folder.
 * @returns paths that begin with `folder`, in no order
 * @throws Error of the file system, ENOTDIR when it is no folder
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...(await filesBelow(path)))
    else if (entry.isFile()) files.push(path)
  }
  return files
}
