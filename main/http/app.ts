/**
 * Everything that is fetched: pictures, uploads, the renderer's files, and for the browser the contract itself. The same
 * `fetch(Request) → Response` serves Electron's studio:// scheme and the loopback server.
 */
import { RPCHandler } from '@orpc/server/fetch'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { StudioError } from '@shared/errors'
import { router } from '../router'
import type { Studio } from '../studio'
import { errorResponse } from './error-response'
import type { LoopbackGuard } from './loopback-guard'
import { mediaRoutes } from './media'
import { securityHeaders } from './security-headers'
import { serveRenderer } from './static-files'
import { uploadRoute } from './upload'

/** Calls carry settings and names; pictures go through /upload. */
const MAX_CALL_BYTES = 1024 * 1024

export interface HttpAppOptions {
  /** Built renderer: index.html and its assets. */
  rendererDirectory: string
  /** While developing: the address of the server that has the renderer hot. */
  rendererUrl?: string | undefined
  /** For the loopback door; the window's scheme reaches nobody else. */
  security?: LoopbackGuard
}

export function createHttpApp(studio: Studio, options: HttpAppOptions): Hono {
  const app = new Hono()
  app.use(securityHeaders(options.rendererUrl !== undefined))
  if (options.security) app.use(options.security.middleware())

  const rpc = new RPCHandler(router)
  app.use('/rpc/*', bodyLimit({ maxSize: MAX_CALL_BYTES }), async (context) => {
    const { response } = await rpc.handle(context.req.raw, { prefix: '/rpc', context: { studio } })
    return response ?? errorResponse(new StudioError('request/invalid', 'There is no such method.'), 404)
  })
  app.route('/media', mediaRoutes(studio))
  app.route('/upload', uploadRoute(studio))
  app.get('*', serveRenderer(options.rendererDirectory, options.rendererUrl))

  app.notFound(() => errorResponse(new StudioError('request/invalid', 'There is nothing at this address.'), 404))
  app.onError((error, context) => {
    if (error instanceof StudioError) return errorResponse(error)
    const logId = studio.log.error('unexpected error', error, { path: context.req.path })
    return errorResponse(new StudioError('internal', `Something unexpected happened (log id ${logId}).`, { logId }))
  })
  return app
}
