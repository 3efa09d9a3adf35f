/** Folders of the studio's machine, for a page that cannot open the system's own dialog. */
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { FolderListing } from '@shared/domain/system'
import { StudioError } from '@shared/errors'
import { isImageName } from '@shared/formats/image-names'

/**
 * What is directly inside a folder; hidden folders are left out, as file managers do.
 *
 * @param path null: the user's home folder
 * @throws StudioError dataset/folder-missing, dataset/not-a-folder, dataset/unreadable-folder
 */
export async function listFolder(path: string | null): Promise<FolderListing> {
  const folder = resolve(path ?? homedir())
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(folder, error)
  })
  const visible = entries.filter(({ name }) => !name.startsWith('.'))
  const folders: { name: string; path: string }[] = []
  for (const entry of visible) {
    const inside = join(folder, entry.name)
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await pointsToFolder(inside)))
    if (isFolder) folders.push({ name: entry.name, path: inside })
  }
  const parent = dirname(folder)
  return {
    path: folder,
    parent: parent === folder ? null : parent,
    folders: folders.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })),
    imageCount: visible.filter((entry) => entry.isFile() && isImageName(entry.name)).length
  }
}

async function pointsToFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null)
  return info?.isDirectory() ?? false
}

function unreadable(path: string, cause: NodeJS.ErrnoException): StudioError {
  if (cause.code === 'ENOENT') {
    return new StudioError('dataset/folder-missing', `There is no folder ${path}.`, { path }, { cause })
  }
  if (cause.code === 'ENOTDIR')
    return new StudioError('dataset/not-a-folder', `${path} is not a folder.`, { path }, { cause })
  return new StudioError('dataset/unreadable-folder', `${path} cannot be read: ${cause.message}.`, { path }, { cause })
}
