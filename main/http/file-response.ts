/** A file of the disk as an HTTP answer, streamed. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'

/** @returns null when there is no such file */
export async function fileResponse(path: string, headers: Record<string, string>): Promise<Response | null> {
  const info = await stat(path).catch(() => null)
  if (!info?.isFile()) return null
  // Between the look and the opening the file may vanish: the stream then breaks off, which is all that can be said by then.
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>
  return new Response(body, { headers: { ...headers, 'content-length': String(info.size) } })
}
