/** Every format that can be imported, in the order in which they are tried. */
import type { Reader } from './reader'
import { readTfjsFolder } from './tfjs-folder'

export const READERS: readonly Reader[] = [
  {
    kind: 'either',
    looksFor: 'a TF.js folder with model.json',
    recognises: ({ kind, names, path }) => (kind === 'folder' ? names.includes('model.json') : path.endsWith('.json')),
    read: readTfjsFolder
  }
]
