/**
 * Who may talk to the loopback door. Any page in any browser of the machine can send requests to 127.0.0.1, and any name can
 * be made to resolve to it (DNS rebinding), so that Host and Origin are checked and every request needs the cookie that the
 * printed, one-time token was exchanged for.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { StudioError } from '@shared/errors'
import { errorResponse } from './error-response'

export class LoopbackGuard {
  /** To be printed once; worthless after its first use. */
  readonly token = randomBytes(24).toString('base64url')
  private tokenLeft = true
  private readonly session = randomBytes(32).toString('base64url')

  /** @param port asked at each request, because it is known only once the server listens */
  constructor(private readonly port: () => number) {}

  /** The address to open, token and all. */
  get address(): string {
    return `http://127.0.0.1:${this.port()}/?token=${this.token}`
  }

  middleware(): MiddlewareHandler {
    return async (context, next) => {
      const refusal = this.refuse(context)
      if (refusal) return forbidden(context, refusal)
      if (this.hasSession(context)) {
        if (context.req.path === '/' && context.req.query('token')) return context.redirect('/', 303)
        return next()
      }
      if (this.takeToken(context)) return this.openSession(context)
      return forbidden(context, 'This page was not opened with the address that the studio printed.')
    }
  }

  /** Why a request is refused whatever it carries, or null. */
  private refuse(context: Context): string | null {
    const hosts = [`127.0.0.1:${this.port()}`, `localhost:${this.port()}`]
    const host = context.req.header('host') ?? ''
    if (!hosts.includes(host)) return `The studio does not answer to the name '${host}'.`
    const origin = context.req.header('origin')
    if (origin !== undefined && origin !== `http://${host}`) return `Requests from '${origin}' are not accepted.`
    // Sent by every current browser; a page cannot forge it. Following a link is the one thing that others may do.
    const site = context.req.header('sec-fetch-site')
    const isNavigation = context.req.method === 'GET' && context.req.header('sec-fetch-mode') === 'navigate'
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation) {
      return 'Requests from other sites are not accepted.'
    }
    return null
  }

  /** Cookies are shared by all ports of a host, so that the name carries the port. */
  private get cookieName(): string {
    return `whetstone-${this.port()}`
  }

  private hasSession(context: Context): boolean {
    return sameSecret(getCookie(context, this.cookieName) ?? '', this.session)
  }

  private takeToken(context: Context): boolean {
    if (context.req.method !== 'GET' || context.req.path !== '/') return false
    if (!this.tokenLeft || !sameSecret(context.req.query('token') ?? '', this.token)) return false
    this.tokenLeft = false
    return true
  }

  private openSession(context: Context): Response {
    setCookie(context, this.cookieName, this.session, { httpOnly: true, sameSite: 'Strict', path: '/' })
    // After a link on another site a redirect would not carry a SameSite=Strict cookie; a page of our own that moves on does.
    if (context.req.header('sec-fetch-site') !== 'cross-site') return context.redirect('/', 303) as Response
    return context.html(
      '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Whetstone</title>'
    ) as Response
  }
}

/** Compares in a time that says nothing about where they differ. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function forbidden(context: Context, why: string): Response {
  const error = new StudioError('request/forbidden', why)
  if (!context.req.header('accept')?.includes('text/html')) return errorResponse(error)
  return context.html(forbiddenPage(error), 403) as Response
}

function forbiddenPage({ message, hint }: StudioError): string {
  const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Whetstone</title>
<style>body { font: 15px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem }</style>
<h1>This door is locked</h1>
<p>${escape(message)}</p>
<p>${escape(hint)} It works once; starting the studio again prints a new one.</p>
</html>
`
}
