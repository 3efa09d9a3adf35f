/** A backbone loaded before its job has come: reading, checking and hashing its weights takes a tenth of a second. */
import { loadBackbone, type LoadedBackbone } from './load-backbone'

interface Ahead {
  what: string
  loading: Promise<LoadedBackbone>
}

/** One: a process that trains does so once. */
let ahead: Ahead | null = null

const keyOf = (directories: readonly string[], id: string): string => JSON.stringify([directories, id])

/** Begins to load. What goes wrong is said to whoever takes it. */
export function loadAhead(directories: readonly string[], id: string): void {
  const loading = loadBackbone(directories, id)
  loading.catch(() => undefined)
  ahead = { what: keyOf(directories, id), loading }
}

/** What was loaded ahead, if it is this one; else it is loaded now. @throws StudioError as loadBackbone */
export function takeBackbone(directories: readonly string[], id: string): Promise<LoadedBackbone> {
  const taken = ahead
  ahead = null
  return taken?.what === keyOf(directories, id) ? taken.loading : loadBackbone(directories, id)
}
