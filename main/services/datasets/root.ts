/** The folder that a person names, as the one path it is known by. */
import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { StudioError } from '@shared/errors'

/**
 * @returns the path without links, so that one folder is one dataset however it was reached.
 * @throws StudioError dataset/folder-missing, dataset/not-a-folder, dataset/unreadable-folder
 */
export async function resolveRoot(path: string): Promise<string> {
  const absolute = resolve(path)
  const info = await stat(absolute).catch((cause: NodeJS.ErrnoException) => {
    const denied = cause.code === 'EACCES' || cause.code === 'EPERM'
    throw denied
      ? new StudioError('dataset/unreadable-folder', `'${absolute}' cannot be read.`, { path: absolute }, { cause })
      : new StudioError('dataset/folder-missing', `There is no folder '${absolute}'.`, { path: absolute }, { cause })
  })
  if (!info.isDirectory()) {
    throw new StudioError('dataset/not-a-folder', `'${absolute}' is a file, not a folder.`, { path: absolute })
  }
  return realpath(absolute)
}
