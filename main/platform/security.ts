/** What the window may not do: navigate away, open windows, ask for permissions, or speak from another origin. */
import { session, type WebContents, type WebFrameMain } from 'electron'

export const ORIGIN = 'studio://app'

/** Whether a frame is the studio's own page in its own window, rather than anything that was loaded into it. */
export function isStudioFrame(frame: WebFrameMain | null): boolean {
  if (!frame || frame.parent) return false
  try {
    const url = new URL(frame.url)
    // `origin` of a custom scheme is 'null' to Node's URL, so scheme and host are compared.
    return url.protocol === 'studio:' && url.host === 'app'
  } catch {
    return false
  }
}

export function lockDown(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

/** No camera, no notifications from the page, no clipboard reading: the studio asks for none of them. */
export function denyPermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) =>
    answer(permission === 'clipboard-sanitized-write')
  )
  session.defaultSession.setPermissionCheckHandler(() => false)
}
