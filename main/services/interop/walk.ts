/** Folders of other programs, whole. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'

/**
 * Every file below a folder, links to folders not followed (they may lead in circles).
 *
 * @throws StudioError interop/unreadable when the folder itself cannot be read; what is below it and cannot be is left out
 */
export async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(folder, folder === root)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) folders.push(path)
      else if (entry.isFile()) files.push(path)
      else if (entry.isSymbolicLink() && (await stat(path).catch(() => null))?.isFile()) files.push(path)
    }
  }
  return files
}

async function entriesOf(folder: string, isRoot: boolean) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (!isRoot) return []
    const { message } = error as Error
    throw new StudioError(
      'interop/unreadable',
      `${folder} cannot be read: ${message}.`,
      { path: folder },
      { cause: error }
    )
  }
}
