/** What every reader of a foreign model file gives. */
import { basename, extname } from 'node:path'
import type { ModelPorts } from '@shared/domain/backbone'
import type { NetworkGraph } from '../graph'

/** A file of a model that is kept as it came, because it can only be run whole. */
export interface OpaqueFile {
  /** Where it goes in the backbone's own folder, '/' between folders: 'model.onnx', 'saved_model/saved_model.pb'. */
  path: string
  content(): Promise<Uint8Array>
}

/** One picture and what the original made of it, when the file brings them: float32, without the batch. */
export interface RecordedAnswer {
  /** NHWC, as the network's own input takes it. */
  input: Float32Array
  output: Float32Array
}

export interface ImportedModel {
  /** The network, when each of its layers is one that we know; such a backbone can be fine-tuned. */
  graph: NetworkGraph | null
  /** The files that a runtime runs as they are; a SavedModel can bring both, its trainable twin and itself. */
  opaque: { form: 'onnx' | 'saved-model'; files: OpaqueFile[]; ports: ModelPorts } | null
  /** Id of the built-in architecture that the weights were matched onto, when they were. */
  architecture?: string | null
  recorded: RecordedAnswer | null
  /** Sentences for the person who imports: what was left out or assumed. */
  notes: string[]
  /** For people: 'Keras 3 archive (.keras)'. */
  sourceFormat: string
  /** Fit for an id: letters, digits, '.', '_' and '-', not beginning with a dot. */
  suggestedName: string
}

/** @param path of the file or folder that was imported. */
export function suggestName(path: string): string {
  const name = basename(path).replace(/\.(tar\.gz|tgz)$/i, '')
  const known = ['.h5', '.hdf5', '.keras', '.onnx', '.json', '.pb', '.tar']
  const stem = known.includes(extname(name).toLowerCase()) ? name.slice(0, -extname(name).length) : name
  const plain = stem
    .normalize('NFKD')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '')
    .slice(0, 80)
  return plain || 'model'
}
