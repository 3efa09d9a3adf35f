/** Every format that can be imported, in the order in which they are tried. */
import { startsWith, type Reader } from './reader'
import { readSavedModel } from './saved-model/read-saved-model'
import { readTfjsFolder } from './tfjs-folder'

export const READERS: readonly Reader[] = [
  {
    kind: 'either',
    looksFor: 'a TF.js folder with model.json',
    recognises: ({ kind, names, path }) => (kind === 'folder' ? names.includes('model.json') : path.endsWith('.json')),
    read: readTfjsFolder
  },
  {
    kind: 'folder',
    looksFor: 'a TensorFlow SavedModel folder with saved_model.pb',
    recognises: ({ names }) => names.includes('saved_model.pb'),
    read: (path) => readSavedModel(path)
  },
  {
    kind: 'file',
    looksFor: 'a .tar.gz archive of a SavedModel',
    recognises: ({ path, head }) => startsWith(head, 0x1f, 0x8b) || path.toLowerCase().endsWith('.tar'),
    read: (path) => readSavedModel(path)
  }
]
