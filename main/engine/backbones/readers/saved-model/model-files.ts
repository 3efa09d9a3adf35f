/** The files of a model, whether they lie in a folder or in an archive. */
import { open, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { StudioError } from '@shared/errors'
import { filesBelow } from '../../walk'

export interface ModelFiles {
  /** Below the model's own folder, with '/' between folders, sorted. */
  names: readonly string[]
  /** How a message calls one of them. */
  describe(name: string): string
  /**
   * The whole, or a part of it.
   * @throws StudioError backbone/corrupt when it is not there or ends too early
   */
  read(name: string, offset?: number, length?: number): Promise<Uint8Array>
}

/** One file is read into one buffer. */
const MAX_READ = 2 ** 31 - 1
const MAX_FILES = 10_000

/** Links are passed over: what they lead to need not belong to the model. @throws StudioError backbone/not-found */
export async function folderFiles(folder: string): Promise<ModelFiles> {
  let names: string[]
  try {
    const from = join(folder, sep).length
    names = (await filesBelow(folder)).map((path) => path.slice(from).replaceAll(sep, '/'))
  } catch (error) {
    throw new StudioError('backbone/not-found', `'${folder}' cannot be read: ${(error as Error).message}.`, { folder })
  }
  if (names.length > MAX_FILES) {
    throw new StudioError('backbone/corrupt', `'${folder}' holds ${names.length} files; a model holds a few.`, {
      folder
    })
  }
  const describe = (name: string): string => join(folder, name)
  return {
    names: names.sort(),
    describe,
    read: (name, offset = 0, length) => readPart(describe(name), offset, length)
  }
}

async function readPart(file: string, offset: number, length?: number): Promise<Uint8Array> {
  try {
    const size = (await stat(file)).size
    const count = length ?? size - offset
    if (count < 0 || offset + count > size) throw new Error('it is cut short')
    if (count > MAX_READ) throw new Error('it is too large')
    const handle = await open(file, 'r')
    try {
      const bytes = Buffer.alloc(count)
      for (let done = 0; done < count;) {
        const { bytesRead } = await handle.read(bytes, done, count - done, offset + done)
        if (bytesRead === 0) throw new Error('it is cut short')
        done += bytesRead
      }
      return bytes
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new StudioError('backbone/corrupt', `'${file}' cannot be read: ${(error as Error).message}.`, { file })
  }
}
