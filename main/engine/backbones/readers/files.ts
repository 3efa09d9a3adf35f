/** Files of foreign models, which are read whole. */
import { readFile, stat } from 'node:fs/promises'
import { StudioError } from '@shared/errors'

/** Larger than the weights of any image classifier; a Buffer cannot hold more either. */
const MAX_BYTES = 2 ** 32

/**
 * @throws StudioError backbone/not-found when it cannot be read or is no file (a device never ends), backbone/corrupt when it is
 *   larger than `limit`
 */
export async function readModelFile(path: string, limit = MAX_BYTES): Promise<Buffer> {
  try {
    const information = await stat(path)
    if (!information.isFile()) throw new Error('it is not a file')
    if (information.size > limit) {
      throw new StudioError('backbone/corrupt', `'${path}' holds ${information.size} bytes; at most ${limit} are read.`)
    }
    return await readFile(path)
  } catch (error) {
    if (error instanceof StudioError) throw error
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
}
