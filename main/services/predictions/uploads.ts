/** Files that a page hands to the studio: kept for an hour in the home folder, under names that only the studio chooses. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { pipeline } from 'node:stream/promises'
import { StudioError } from '@shared/errors'

export const MAX_UPLOAD_BYTES = 64 * 1024 * 1024
const KEPT_MS = 60 * 60 * 1000

export interface Upload {
  path: string
  /** As the user knows it; for showing only. */
  name: string
}

export class UploadsService {
  private readonly uploads = new Map<string, Upload>()
  private readonly timers = new Set<NodeJS.Timeout>()

  /** @param directory made when it is missing */
  constructor(
    private readonly directory: string,
    private readonly keptMs = KEPT_MS
  ) {}

  /** Removes what former processes left behind for longer than an hour. */
  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true })
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name)
      const info = await stat(path).catch(() => null)
      if (info && Date.now() - info.mtimeMs > this.keptMs) await rm(path, { force: true })
    }
  }

  /**
   * @param name as the user knows it
   * @returns the id under which it is found for an hour
   * @throws StudioError upload/too-large, image/unsupported when its first bytes are no picture's, image/empty-file
   */
  async add(name: string, body: ReadableStream<Uint8Array> | null): Promise<string> {
    const uploadId = randomUUID()
    const path = join(this.directory, uploadId)
    try {
      await pipeline(
        body ? Readable.fromWeb(body) : Readable.from([]),
        checked(name),
        createWriteStream(path, { mode: 0o600 })
      )
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
    this.uploads.set(uploadId, { path, name })
    const timer = setTimeout(() => void this.remove(uploadId), this.keptMs)
    timer.unref()
    this.timers.add(timer)
    return uploadId
  }

  /** @throws StudioError image/not-found when it was never there, or is no more */
  get(uploadId: string): Upload {
    const upload = this.uploads.get(uploadId)
    if (!upload)
      throw new StudioError('image/not-found', 'The picture is not kept any more: drop it again.', { uploadId })
    return upload
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer)
    await Promise.all([...this.uploads.keys()].map((uploadId) => this.remove(uploadId)))
  }

  private async remove(uploadId: string): Promise<void> {
    const upload = this.uploads.get(uploadId)
    this.uploads.delete(uploadId)
    if (upload) await rm(upload.path, { force: true })
  }
}

/** Passes bytes on, as long as they begin like a picture and stay under the limit. */
function checked(name: string): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  return async function* (source) {
    let size = 0
    let head = Buffer.alloc(0)
    for await (const chunk of source) {
      size += chunk.length
      if (size > MAX_UPLOAD_BYTES) {
        throw new StudioError('upload/too-large', `'${name}' is larger than 64 MB.`, { name, limit: MAX_UPLOAD_BYTES })
      }
      if (head.length < SIGNATURE_BYTES) {
        head = Buffer.concat([head, chunk.subarray(0, SIGNATURE_BYTES - head.length)])
        if (head.length === SIGNATURE_BYTES) assertPicture(name, head)
      }
      yield chunk
    }
    if (size === 0) throw new StudioError('image/empty-file', `'${name}' is empty.`, { name })
    if (head.length < SIGNATURE_BYTES) assertPicture(name, head)
  }
}

const SIGNATURE_BYTES = 12
const at =
  (offset: number, ...texts: string[]) =>
  (head: Buffer) =>
    texts.some((text) => head.subarray(offset, offset + text.length).toString('latin1') === text)

/** Beginnings of JPEG, PNG, GIF, BMP, TIFF, WebP and AVIF/HEIF (ISO base media) files. */
const SIGNATURES: ((head: Buffer) => boolean)[] = [
  at(0, '\xff\xd8\xff'),
  at(0, '\x89PNG\r\n\x1a\n'),
  at(0, 'GIF87a', 'GIF89a'),
  at(0, 'BM'),
  at(0, 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'),
  (head) => at(0, 'RIFF')(head) && at(8, 'WEBP')(head),
  at(4, 'ftyp')
]

function assertPicture(name: string, head: Buffer): void {
  if (SIGNATURES.some((matches) => matches(head))) return
  throw new StudioError('image/unsupported', `'${name}' is not a picture that the studio reads.`, { name })
}
