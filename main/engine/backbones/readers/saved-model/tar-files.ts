/**
 * Archives of SavedModels, .tar.gz or .tar, as TensorFlow Hub and Kaggle Models publish them. They are read into memory and
 * nothing is unpacked, so that no entry can reach the file system, whatever its name.
 */
import { createReadStream } from 'node:fs'
import { basename, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { StudioError } from '@shared/errors'
import { extract, type Extract, type Header } from 'tar-stream'
import type { ModelFiles } from './model-files'

export interface ArchiveLimits {
  /** Of all files together, unpacked. */
  bytes: number
  entries: number
}

/** The largest image models weigh about 2 GB. */
const LIMITS: ArchiveLimits = { bytes: 2 ** 31, entries: 10_000 }

/** @throws StudioError backbone/corrupt: damaged, over the limits, links, or names that lead outside */
export async function tarFiles(path: string, limits: ArchiveLimits = LIMITS): Promise<ModelFiles> {
  const contents = await unpack(path, limits)
  const root = rootOf([...contents.keys()])
  const files = new Map(
    [...contents].flatMap(([name, bytes]) => (name.startsWith(root) ? [[name.slice(root.length), bytes] as const] : []))
  )
  const describe = (name: string): string => `${basename(path)}: ${name}`
  return {
    names: [...files.keys()].sort(),
    describe,
    async read(name, offset = 0, length) {
      const bytes = files.get(name)
      const end = offset + (length ?? (bytes?.length ?? 0) - offset)
      if (bytes && offset >= 0 && end >= offset && end <= bytes.length) return bytes.subarray(offset, end)
      const why = bytes ? 'is cut short' : 'is not there'
      throw new StudioError('backbone/corrupt', `'${describe(name)}' ${why}.`, { path, name })
    }
  }
}

/** Archives hold the model's files at the top or in a folder of its name. */
function rootOf(names: string[]): string {
  const models = names.filter((name) => posix.basename(name) === 'saved_model.pb')
  const first = models.sort((a, b) => a.split('/').length - b.split('/').length)[0]
  return first ? first.slice(0, -'saved_model.pb'.length) : ''
}

async function unpack(path: string, limits: ArchiveLimits): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>()
  const archive = extract()
  let total = 0
  let entries = 0
  const collect = async (parser: Extract): Promise<void> => {
    for await (const entry of parser) {
      const header = entry.header
      if (++entries > limits.entries) throw new Error(`it holds more than ${limits.entries} entries`)
      const name = safeName(header)
      // The size in a header is a claim; what comes is counted.
      if ((header.size ?? 0) > limits.bytes) throw tooLarge(limits)
      const parts: Buffer[] = []
      for await (const part of entry as AsyncIterable<Buffer>) {
        total += part.length
        if (total > limits.bytes) throw tooLarge(limits)
        if (name) parts.push(part)
      }
      if (name) contents.set(name, Buffer.concat(parts))
    }
  }
  try {
    const zipped = await isGzip(path)
    const source = createReadStream(path)
    const flow = zipped
      ? pipeline(source, createGunzip(), counted(limits), archive)
      : pipeline(source, counted(limits), archive)
    await Promise.all([flow, collect(archive)])
  } catch (error) {
    throw new StudioError('backbone/corrupt', `'${path}' cannot be unpacked: ${(error as Error).message}.`, { path })
  }
  return contents
}

/** What is unpacked, headers and padding too: an archive may hold nothing but those. */
const counted = (limits: ArchiveLimits) =>
  async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let total = 0
    for await (const part of parts) {
      total += part.length
      // Headers take a block for each entry, and padding less than another.
      if (total > limits.bytes + 1024 * (limits.entries + 1)) throw tooLarge(limits)
      yield part
    }
  }

/** @returns null for folders and for what is no file. @throws Error */
function safeName({ name, type }: Header): string | null {
  const plain = posix.normalize(name.replaceAll('\\', '/'))
  if (posix.isAbsolute(plain) || plain === '..' || plain.startsWith('../') || /^[a-z]:/i.test(plain)) {
    throw new Error(`the entry '${name}' leads outside`)
  }
  if (type === 'symlink' || type === 'link') throw new Error(`the entry '${name}' is a link`)
  return type === 'file' || type === 'contiguous-file' ? plain : null
}

const tooLarge = (limits: ArchiveLimits): Error => new Error(`unpacked it is larger than ${limits.bytes} bytes`)

async function isGzip(path: string): Promise<boolean> {
  for await (const head of createReadStream(path, { end: 1 })) {
    const bytes = head as Buffer
    return bytes[0] === 0x1f && bytes[1] === 0x8b
  }
  return false
}
