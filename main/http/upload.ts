/** POST /upload: a picture's bytes as the body, its name in `x-file-name` (URI-encoded). Answers `{ uploadId }`. */
import type { ReadableStream } from 'node:stream/web'
import { Hono, type Context } from 'hono'
import { StudioError } from '@shared/errors'
import { MAX_UPLOAD_BYTES } from '../services/predictions/uploads'
import type { Studio } from '../studio'

export function uploadRoute(studio: Studio): Hono {
  const routes = new Hono()
  routes.post('/', async (context) => {
    const name = nameOf(context)
    if (Number(context.req.header('content-length') ?? 0) > MAX_UPLOAD_BYTES) {
      throw new StudioError('upload/too-large', `'${name}' is larger than 64 MB.`, { name, limit: MAX_UPLOAD_BYTES })
    }
    const body = context.req.raw.body as ReadableStream<Uint8Array> | null
    return context.json({ uploadId: await studio.uploads.add(name, body) })
  })
  return routes
}

/** For showing only; the file gets a name of the studio's own. */
function nameOf(context: Context): string {
  try {
    return decodeURIComponent(context.req.header('x-file-name') ?? '').slice(0, 255) || 'picture'
  } catch {
    return 'picture'
  }
}
