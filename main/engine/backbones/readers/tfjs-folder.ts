/** TF.js model folders: which of the two kinds model.json describes, and the reader for it. */
import { basename, dirname } from 'node:path'
import { readLayersModel } from '../layers-model'
import { suggestName, type ImportedModel } from './imported-model'

/** @param path of the folder or of its model.json. */
export async function readTfjsFolder(path: string): Promise<ImportedModel> {
  const directory = basename(path).endsWith('.json') ? dirname(path) : path
  return {
    graph: await readLayersModel(directory),
    opaque: null,
    recorded: null,
    notes: [],
    sourceFormat: 'TF.js LayersModel',
    suggestedName: suggestName(directory)
  }
}
