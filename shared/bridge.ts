/**
 * What the window's preload hands to the page. The browser door has none of it: `window.whetstone` is undefined there, and
 * the page talks to the same origin by fetch instead.
 */

/** The page posts a MessagePort to itself with this message; the preload passes the port on to the core. */
export const CONNECT_MESSAGE = 'whetstone:connect'

export interface WhetstoneBridge {
  /** Node's name of the platform, for example 'linux'. */
  platform: string
  /** The system's own dialog for a folder; null when it was closed without a choice. */
  pickFolder(): Promise<string | null>
  /** Absolute path of a dropped file or folder; an empty text when there is none. */
  pathForFile(file: File): string
}
