/** A format among those that can be imported. */
import type { ImportedModel } from './imported-model'

/** What is known of a path before anything is read. */
export interface Probe {
  path: string
  kind: 'file' | 'folder'
  /** The first 16 bytes of a file. */
  head: Uint8Array
  /** Names in a folder. */
  names: string[]
}

export interface ReadOptions {
  /** Id of the built-in architecture that weights without a model belong to; left out: whichever fits. */
  architecture?: string | undefined
}

export interface Reader {
  kind: 'file' | 'folder' | 'either'
  /** For the sentence that says what was looked for: 'a Keras .h5 file'. */
  looksFor: string
  recognises(probe: Probe): boolean
  /** @throws StudioError only. */
  read(path: string, options: ReadOptions): Promise<ImportedModel>
}

export const startsWith = (head: Uint8Array, ...bytes: number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte)
