/**
 * Finds the files below a folder. Every real folder is read once: a link to a folder inside the root adds nothing but loops, and
 * one that leads out of it is not followed, since only what lies inside the imported folder is ever shown.
 */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { RefusedFile } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import { isHiddenName, isImageName } from '@shared/formats/image-names'
import { errorCode, folderError, folderIsThere } from './file-errors'

export interface Walk {
  /** Files named like images, relative to the root, forward slashes; sorted within each folder. */
  paths: string[]
  refused: RefusedFile[]
  /** Files that are hidden, or no images by their name. */
  ignored: number
}

/**
 * @param root a real path, without links.
 * @param onFound how many images were found so far; called for each folder.
 * @throws StudioError dataset/folder-missing, dataset/not-a-folder, dataset/unreadable-folder (the root itself), job/cancelled
 */
export async function walk(root: string, signal: AbortSignal, onFound: (count: number) => void): Promise<Walk> {
  const result: Walk = { paths: [], refused: [], ignored: 0 }
  const folders = ['']
  for (const folder of folders) {
    if (signal.aborted) throw new StudioError('job/cancelled', 'The import was stopped.')
    for (const entry of await entriesOf(root, folder, result)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!isHiddenName(entry.name)) folders.push(path)
      } else if (entry.isSymbolicLink()) await followLink(root, path, entry.name, result)
      else addFile(path, entry.name, result)
    }
    onFound(result.paths.length)
  }
  return result
}

function addFile(path: string, name: string, result: Walk): void {
  if (isHiddenName(name) || !isImageName(name)) result.ignored++
  else if (path.includes('\uFFFD'))
    refuse(result, 'image/bad-name', path, `The name of '${path}' is not valid Unicode.`)
  else result.paths.push(path)
}

const refuse = (result: Walk, code: RefusedFile['code'], path: string, message: string): void =>
  void result.refused.push({ path, code, message })

async function entriesOf(root: string, folder: string, result: Walk): Promise<Dirent[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (folder === '' || !(await folderIsThere(root))) throw folderError(root, error)
    if (errorCode(error) === 'ENOENT') refuse(result, 'image/vanished', folder, `The folder '${folder}' has gone.`)
    else refuse(result, 'dataset/unreadable-folder', folder, `The folder '${folder}' cannot be read.`)
    return []
  }
}

async function followLink(root: string, path: string, name: string, result: Walk): Promise<void> {
  if (isHiddenName(name)) return void result.ignored++
  try {
    const target = await realpath(join(root, path))
    const isFolder = (await stat(target)).isDirectory()
    if (isInside(root, target)) {
      if (!isFolder) addFile(path, name, result)
    } else if (isFolder || isImageName(name)) {
      refuse(result, 'image/outside', path, `'${path}' is a link that leads out of the folder, to '${target}'.`)
    } else result.ignored++
  } catch (error) {
    if (!isImageName(name)) return void result.ignored++
    const where = errorCode(error) === 'ELOOP' ? 'in a circle' : 'nowhere'
    refuse(result, 'image/not-found', path, `'${path}' is a link that leads ${where}.`)
  }
}

function isInside(root: string, target: string): boolean {
  const way = relative(root, target)
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`)
}
