/** Reads one image file: its content's hash, its size, and its thumbnail, for which every pixel is decoded once. */
import { createHash } from 'node:crypto'
import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import type { ImportScan, KnownImage } from '@shared/worker-protocol/import'
import { fileError, writeError } from './file-errors'

/** The file is held in memory while it is hashed and decoded; this is the most that Node reads at once. */
const MAX_FILE_BYTES = 2 ** 31 - 1

export type ImageFacts = KnownImage & Pick<ImportScan['images'][number], 'state'>

/** Where the thumbnail of a content lies: `ab/abcdef….webp`. */
const thumbnailPath = (directory: string, hash: string): string => join(directory, hash.slice(0, 2), `${hash}.webp`)

/**
 * @param path relative to `root`, forward slashes.
 * @param known how the last import left it.
 * @returns null when its size, its time of change or its thumbnail is not as it was: then it has to be read
 */
export async function unchangedImage(
  root: string,
  path: string,
  thumbnails: string,
  known: KnownImage
): Promise<ImageFacts | null> {
  const info = await stat(join(root, path)).catch(() => null)
  const same = info?.isFile() && info.size === known.bytes && info.mtimeMs === known.mtimeMs
  return same && (await exists(thumbnailPath(thumbnails, known.hash))) ? { ...known, state: 'unchanged' } : null
}

/**
 * @param path relative to `root`, forward slashes.
 * @param known how the last import left it: another content is a change of it.
 * @throws StudioError image/* when this file is refused, store/disk-full and store/unwritable when no thumbnail can be written
 */
export async function readImage(
  root: string,
  path: string,
  thumbnails: string,
  known: KnownImage | undefined
): Promise<ImageFacts> {
  const file = join(root, path)
  const info = await stat(file).catch((error: unknown) => {
    throw fileError(path, error)
  })
  // Reading a pipe or a device could wait for ever.
  if (!info.isFile()) throw new StudioError('image/unsupported', `'${path}' is not a file.`, { path })
  const { size: bytes, mtimeMs } = info
  if (bytes > MAX_FILE_BYTES) {
    throw new StudioError('image/too-large', `'${path}' has ${(bytes / 1e9).toFixed(1)} GB.`, { path, bytes })
  }
  const contents = await readFile(file).catch((error: unknown) => {
    throw fileError(path, error)
  })
  const hash = createHash('sha256').update(contents).digest('hex')
  // A folder that has not changed needs no decoder, which takes as long to load as looking at a thousand files.
  const { inspectImage } = await import('../data/decode')
  const { width, height, format } = await inspectImage(path, contents)
  await ensureThumbnail(path, contents, thumbnails, hash)
  const state = !known ? 'added' : known.hash === hash ? 'unchanged' : 'changed'
  return { path, bytes, mtimeMs, hash, width, height, format, state }
}

/** A content that has its thumbnail was decoded whole before. */
async function ensureThumbnail(path: string, contents: Uint8Array, thumbnails: string, hash: string): Promise<void> {
  const out = thumbnailPath(thumbnails, hash)
  if (await exists(out)) return
  const { thumbnail } = await import('../data/decode')
  try {
    await thumbnail(path, out, contents)
  } catch (error) {
    throw error instanceof StudioError ? error : writeError(thumbnails, error)
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false
  )
