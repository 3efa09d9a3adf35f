/** Entries of a zip archive, in memory: nothing is ever written where an archive says. */
import { StudioError } from '@shared/errors'
import { unzipSync, type UnzipFileInfo } from 'fflate'

/** Deflate cannot make more of a byte. */
const DEFLATE_RATIO = 1032
/** What a model's entries may hold together, bytes. */
const MAX_TOTAL = 2 ** 31

/**
 * @param wanted names of the entries to unpack; others are not touched.
 * @param what names the archive in errors.
 * @throws StudioError backbone/corrupt: not a zip, an entry that climbs out, or that claims more than it can hold
 */
export function unzip(bytes: Uint8Array, wanted: readonly string[], what: string): Map<string, Uint8Array> {
  let total = 0
  const filter = ({ name, size, originalSize, compression }: UnzipFileInfo): boolean => {
    if (name.startsWith('/') || /^[a-z]:/i.test(name) || name.split(/[\\/]/).includes('..')) {
      throw corrupt(what, `its entry '${name}' leads out of the archive`)
    }
    if (!wanted.includes(name)) return false
    const possible = compression === 0 ? size : size * DEFLATE_RATIO
    if (size > bytes.length || originalSize > possible || (total += originalSize) > MAX_TOTAL) {
      throw corrupt(what, `its entry '${name}' claims ${originalSize} bytes, more than it can hold`)
    }
    return true
  }
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(bytes, { filter })
  } catch (error) {
    if (error instanceof StudioError) throw error
    throw corrupt(what, `its zip archive is damaged (${(error as Error).message})`)
  }
  return new Map(Object.entries(entries))
}

const corrupt = (what: string, why: string): StudioError =>
  new StudioError('backbone/corrupt', `${what} cannot be read: ${why}.`)
