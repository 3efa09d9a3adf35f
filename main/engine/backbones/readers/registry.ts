/** Every format that can be imported, in the order in which they are tried. */
import { readOnnx } from './onnx/read-onnx'
import { readKerasArchive } from './keras-archive'
import { readKerasH5 } from './keras-h5'
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
    kind: 'file',
    looksFor: 'a Keras .h5 file',
    recognises: ({ head }) => startsWith(head, 0x89, 0x48, 0x44, 0x46),
    read: readKerasH5
  },
  {
    kind: 'file',
    looksFor: 'a Keras 3 .keras archive',
    recognises: ({ head, path }) => startsWith(head, 0x50, 0x4b) && !path.toLowerCase().endsWith('.pt'),
    read: readKerasArchive
  },
  {
    kind: 'folder',
    looksFor: 'a TensorFlow SavedModel folder with saved_model.pb',
    recognises: ({ names }) => names.includes('saved_model.pb'),
    read: (path, { architecture }) => readSavedModel(path, architecture)
  },
  {
    kind: 'file',
    looksFor: 'a .tar.gz archive of a SavedModel',
    recognises: ({ path, head }) => startsWith(head, 0x1f, 0x8b) || path.toLowerCase().endsWith('.tar'),
    read: (path, { architecture }) => readSavedModel(path, architecture)
  },
  {
    kind: 'file',
    looksFor: 'an .onnx file',
    recognises: ({ path }) => path.toLowerCase().endsWith('.onnx'),
    read: readOnnx
  }
]
