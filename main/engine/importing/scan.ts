/** An import, from a folder's path to all that its images say. Nothing in the folder is ever changed. */
import { realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { RefusedFile } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import type { ImportScan, KnownImage } from '@shared/worker-protocol/import'
import { folderError, folderIsThere } from './file-errors'
import { detectLayout, placeOf } from './layout'
import { readImage } from './read-image'
import { walk } from './walk'

export interface ScanOptions {
  root: string
  known: readonly KnownImage[]
  thumbnailDirectory: string
  signal: AbortSignal
  onProgress: (progress: ScanProgress) => void
}

export interface ScanProgress {
  phase: string
  done: number
  /** 0 while unknown. */
  total: number
}

/** Images in work at once: enough to keep the cores busy, few enough that their pixels fit in memory. */
const CONCURRENCY = Math.min(4, Math.max(2, availableParallelism()))

/**
 * @throws StudioError dataset/folder-missing (also when it goes while it is read), dataset/not-a-folder,
 * dataset/unreadable-folder, store/disk-full and store/unwritable (thumbnails), job/cancelled
 */
export async function scanFolder({
  root,
  known,
  thumbnailDirectory,
  signal,
  onProgress
}: ScanOptions): Promise<ImportScan> {
  const real = await realpath(root).catch((error: unknown) => {
    throw folderError(root, error)
  })
  const found = await walk(real, signal, (count) => onProgress({ phase: 'Looking for images', done: count, total: 0 }))
  const layout = detectLayout(found.paths)
  const knownByPath = new Map(known.map((image) => [image.path, image]))
  const images: ImportScan['images'] = []
  const refused: RefusedFile[] = found.refused
  let done = 0

  const take = async (path: string): Promise<void> => {
    const place = placeOf(path, layout)
    if (!place) throw new StudioError('image/unlabelled', `'${path}' lies outside of every label's folder.`)
    images.push({ ...(await readImage(real, path, thumbnailDirectory, knownByPath.get(path))), ...place })
  }
  await forEachConcurrently(found.paths, CONCURRENCY, async (path) => {
    if (signal.aborted) throw new StudioError('job/cancelled', 'The import was stopped.')
    try {
      await take(path)
    } catch (error) {
      if (!(error instanceof StudioError) || !error.code.startsWith('image/')) throw error
      if (error.code === 'image/vanished' && !(await folderIsThere(real))) throw folderError(root, error.cause)
      refused.push({ path, code: error.code, message: error.message })
    }
    onProgress({ phase: 'Reading images', done: ++done, total: found.paths.length })
  })
  if (!(await folderIsThere(real))) throw folderError(root, new Error('it has gone'))

  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1)
  return {
    images: images.sort(byPath),
    refused: refused.sort(byPath),
    scanned: found.paths.length + found.ignored,
    ignored: found.ignored
  }
}

/** The first error ends the rest: no item is begun after it. */
async function forEachConcurrently<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  let next = 0
  let failed = false
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed) {
      try {
        await work(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane))
}
