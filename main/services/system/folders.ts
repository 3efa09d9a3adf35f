/** Folders of the studio's machine, for a page that cannot open the system's own dialog. */
import type { Dirent } from 'node:fs'
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
 * @param models list the model files too
 * @throws StudioError dataset/folder-missing, dataset/not-a-folder, dataset/unreadable-folder
 */
export async function listFolder(path: string | null, models = false): Promise<FolderListing> {
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
    folders: folders.sort(byName),
    imageCount: visible.filter((entry) => entry.isFile() && isImageName(entry.name)).length,
    models: models ? await modelFiles(folder, visible) : []
  }
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name.localeCompare(b.name, undefined, { numeric: true })

/** By their names alone: what they are shows when they are read. */
const MODEL_NAME = /\.(h5|hdf5|keras|onnx|tar|tgz|tar\.gz)$|^model\.json$|^saved_model\.pb$/i

async function modelFiles(folder: string, entries: Dirent[]): Promise<FolderListing['models']> {
  const found: FolderListing['models'] = []
  for (const { name } of entries.filter((entry) => MODEL_NAME.test(entry.name))) {
    const path = join(folder, name)
    const info = await stat(path).catch(() => null)
    if (info?.isFile()) found.push({ name, path, bytes: info.size })
  }
  return found.sort(byName)
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
