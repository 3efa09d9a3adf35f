/** Small helpers over the file system, for large files. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, rm, statfs, writeFile } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import { formatBytes } from '@shared/text/format'

/** @returns lower-case hexadecimal */
export async function fileSha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

/** A reader sees the old text or the new one, never a part. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.tmp`
  await writeFile(partial, text)
  await rename(partial, path)
}

/** @throws StudioError runtime/disk-full when less than `bytes` are free where `directory` lies */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= bytes) return
  throw new StudioError(
    'runtime/disk-full',
    `Preparing TensorFlow takes ${formatBytes(bytes)} in ${directory}, where ${formatBytes(free)} are free.`,
    { directory, neededBytes: bytes, freeBytes: free }
  )
}

/** A failed file operation in the cache folder as its coded error; anything else as it is. */
export function codedFileError(error: unknown, directory: string): unknown {
  const { code, syscall, message } = (error ?? {}) as NodeJS.ErrnoException
  if (error instanceof StudioError || code === undefined || syscall === undefined) return error
  const details = { directory, cause: message }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StudioError('runtime/disk-full', `The disk that holds ${directory} is full.`, details, { cause: error })
  }
  const sentence = `TensorFlow could not be kept in ${directory}: ${message}.`
  return new StudioError('runtime/failed', sentence, details, { cause: error })
}
