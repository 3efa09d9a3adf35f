/** An import, from a folder's path to all that its images say. Nothing in the folder is ever changed. */
import { realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { RefusedFile } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import type { ImportScan, KnownImage } from '@shared/worker-protocol/import'
import { folderError, folderIsThere } from './file-errors'
import { detectLayout, placeOf } from './layout'
import { readImage, unchangedImage, type ImageFacts } from './read-image'
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
/** Files looked at at once, without reading them: each waits for the file system, and for nothing else. */
const LOOKS = 16

/** @returns null when it has to be found out in another way */
type FactsOf = (path: string) => Promise<ImageFacts | null>

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

  const forEach = async (paths: string[], concurrency: number, factsOf: FactsOf): Promise<void> =>
    forEachConcurrently(paths, concurrency, async (path) => {
      if (signal.aborted) throw new StudioError('job/cancelled', 'The import was stopped.')
      try {
        const facts = await factsOf(path)
        if (!facts) return
        const place = placeOf(path, layout)
        if (!place) throw new StudioError('image/unlabelled', `'${path}' lies outside of every label's folder.`)
        images.push({ ...facts, ...place })
      } catch (error) {
        if (!(error instanceof StudioError) || !error.code.startsWith('image/')) throw error
        if (error.code === 'image/vanished' && !(await folderIsThere(real))) throw folderError(root, error.cause)
        refused.push({ path, code: error.code, message: error.message })
      }
      onProgress({ phase: 'Reading images', done: ++done, total: found.paths.length })
    })
  const changed = new Set(found.paths)
  const seen = found.paths.filter((path) => knownByPath.has(path))
  await forEach(seen, LOOKS, async (path) => {
    const facts = await unchangedImage(real, path, thumbnailDirectory, knownByPath.get(path)!)
    if (facts) changed.delete(path)
    return facts
  })
  await forEach([...changed], CONCURRENCY, (path) => readImage(real, path, thumbnailDirectory, knownByPath.get(path)))
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
