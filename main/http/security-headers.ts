/** What a page of the studio may do: nothing but talk to the studio. */
import type { MiddlewareHandler } from 'hono'

const POLICY: Record<string, string> = {
  'default-src': "'self'",
  'script-src': "'self'",
  // Reka (under Nuxt UI) places its popovers with style attributes.
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self' data:",
  'connect-src': "'self'",
  'worker-src': "'self' blob:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'"
}

/** Vite puts a script into the page and opens a socket to tell of changes. */
const DEVELOPMENT: Record<string, string> = {
  'script-src': "'self' 'unsafe-inline'",
  'connect-src': "'self' ws: http://localhost:* http://127.0.0.1:*"
}

export function securityHeaders(development: boolean): MiddlewareHandler {
  const policy = Object.entries(development ? { ...POLICY, ...DEVELOPMENT } : POLICY)
    .map((parts) => parts.join(' '))
    .join('; ')
  return async (context, next) => {
    await next()
    context.header('content-security-policy', policy)
    context.header('x-content-type-options', 'nosniff')
    context.header('x-frame-options', 'DENY')
    context.header('referrer-policy', 'no-referrer')
    context.header('cross-origin-opener-policy', 'same-origin')
    context.header('cross-origin-resource-policy', 'same-origin')
  }
}
