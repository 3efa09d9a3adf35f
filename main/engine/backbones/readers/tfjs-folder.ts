/** TF.js model folders: which of the two kinds model.json describes, and the reader for it. */
import { basename, dirname } from 'node:path'
import { graphModelGraph } from './graph-model'
import { suggestName, type ImportedModel } from './imported-model'
import { layersModelGraph } from './layers-model'
import { readModelJson } from './tfjs-json'

/**
 * @param path of the folder or of its model.json.
 * @throws StudioError backbone/not-found, backbone/corrupt, backbone/unsupported-layer
 */
export async function readTfjsFolder(path: string): Promise<ImportedModel> {
  const directory = basename(path) === 'model.json' ? dirname(path) : path
  const model = await readModelJson(directory)
  const read = model.kind === 'layers' ? layersModelGraph : graphModelGraph
  return {
    ...(await read(directory, model)),
    opaque: null,
    recorded: null,
    sourceFormat: model.kind === 'layers' ? 'TF.js LayersModel' : 'TF.js GraphModel',
    suggestedName: suggestName(directory)
  }
}
