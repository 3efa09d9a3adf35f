/** What the file system throws during an import, as coded errors. */
import { stat } from 'node:fs/promises'
import { StudioError } from '@shared/errors'

/** 'ENOENT' and the like; empty for an error without one. */
export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

const isDenied = (code: string): boolean => code === 'EACCES' || code === 'EPERM'

/** The imported folder itself cannot be read. */
export function folderError(root: string, cause: unknown): StudioError {
  const code = errorCode(cause)
  const details = { root, cause: code }
  if (code === 'ENOTDIR')
    return new StudioError('dataset/not-a-folder', `'${root}' is not a folder.`, details, { cause })
  if (isDenied(code)) {
    return new StudioError('dataset/unreadable-folder', `The folder '${root}' cannot be read.`, details, { cause })
  }
  return new StudioError('dataset/folder-missing', `The folder '${root}' is not there.`, details, { cause })
}

/** One image cannot be read; the import goes on. @param path as the report shows it */
export function fileError(path: string, cause: unknown): StudioError {
  const code = errorCode(cause)
  const details = { path, cause: code }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new StudioError('image/vanished', `'${path}' has gone since the import began.`, details, { cause })
  }
  const why = isDenied(code) ? 'permission is missing' : code || String(cause)
  return new StudioError('image/unreadable', `'${path}' cannot be read: ${why}.`, details, { cause })
}

/** The import cannot write its thumbnails or its result: it ends. */
export function writeError(directory: string, cause: unknown): StudioError {
  const code = errorCode(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StudioError('store/disk-full', `The disk is full: nothing more fits in '${directory}'.`, { directory })
  }
  const message = `Nothing can be written into '${directory}': ${code || String(cause)}.`
  return new StudioError('store/unwritable', message, { directory, cause: code }, { cause })
}

export async function folderIsThere(root: string): Promise<boolean> {
  return stat(root).then(
    (info) => info.isDirectory(),
    () => false
  )
}
