/** The renderer's files. Any other address that a browser navigates to gets the page, which knows what to show. */
import { extname, join, normalize, sep } from 'node:path'
import type { Context, Handler } from 'hono'
import { getMimeType } from 'hono/utils/mime'
import { fileResponse } from './file-response'

/** Names under assets/ carry a hash of their content. */
const IMMUTABLE = 'private, max-age=31536000, immutable'

export function serveRenderer(directory: string, rendererUrl?: string): Handler {
  if (rendererUrl !== undefined) return (context) => passOn(context, rendererUrl)
  return async (context) => {
    const path = insidePath(directory, context.req.path)
    const file = path && extname(path) ? path : join(directory, 'index.html')
    const cache = context.req.path.startsWith('/assets/') ? IMMUTABLE : 'no-cache'
    const type = getMimeType(file) ?? 'application/octet-stream'
    const response = await fileResponse(file, { 'content-type': type, 'cache-control': cache })
    return response ?? context.notFound()
  }
}

/** The file that an address names, or null when it would lie outside of the directory. */
function insidePath(directory: string, address: string): string | null {
  try {
    const path = normalize(join(directory, decodeURIComponent(address)))
    return path.startsWith(directory + sep) && !path.includes('\0') ? path : null
  } catch {
    return null
  }
}

async function passOn(context: Context, rendererUrl: string): Promise<Response> {
  const { pathname, search } = new URL(context.req.url)
  const answer = await fetch(new URL(pathname + search, rendererUrl), {
    headers: { accept: context.req.header('accept') ?? '*/*' }
  })
  const headers = new Headers(answer.headers)
  // The body arrives decoded.
  headers.delete('content-encoding')
  headers.delete('content-length')
  return new Response(answer.body, { status: answer.status, headers })
}
