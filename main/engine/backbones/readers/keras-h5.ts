/**
 * Keras' HDF5 files: a whole model (`model.save('x.h5')`: its configuration is an attribute), or weights only, as Keras Applications
 * publishes them (`save_weights`), which are matched onto a built-in architecture by the layers' names.
 */
import { StudioError } from '@shared/errors'
import { findTwin } from '../twin/find-twin'
import { readModelFile } from './files'
import { readH5, type H5Content } from './h5/read-h5'
import { suggestName, type ImportedModel } from './imported-model'
import { buildKerasModel } from './keras/build'
import { namedWeights } from './keras/weights'
import { parseJson } from './keras-archive'
import { layerTensors } from './keras-weights-file'
import type { ReadOptions } from './reader'

const MODEL_WEIGHTS = 'model_weights'

/** @throws StudioError backbone/not-found, backbone/corrupt, backbone/unsupported-layer, backbone/incomplete */
export async function readKerasH5(path: string, { architecture }: ReadOptions = {}): Promise<ImportedModel> {
  const what = `'${path}'`
  const content = await readH5(await readModelFile(path), what, ['optimizer_weights', 'optimizer'])
  const configuration = content.attributes.get('')?.['model_config']
  if (typeof configuration === 'string') return wholeModel(path, what, configuration, content)
  return weightsOnly(path, what, content, architecture)
}

async function weightsOnly(
  path: string,
  what: string,
  content: H5Content,
  named: string | undefined
): Promise<ImportedModel> {
  const { graph, architecture, notes } = await findTwin(layerTensors(content), { size: null, architecture: named })
  if (!graph) {
    throw new StudioError(
      'backbone/incomplete',
      `${what} holds weights without a model, and they fill none of the built-in architectures.`,
      { path, notes }
    )
  }
  return {
    graph,
    opaque: null,
    architecture,
    recorded: null,
    notes,
    sourceFormat: 'Keras weights (.h5)',
    suggestedName: suggestName(path)
  }
}

function wholeModel(path: string, what: string, configuration: string, content: H5Content): ImportedModel {
  const { keras_version: written } = content.attributes.get('') ?? {}
  const version = typeof written === 'string' && written.startsWith('3') ? 3 : 2
  const prefix = `${MODEL_WEIGHTS}/`
  const tensors = new Map(
    [...content.tensors].flatMap(([key, tensor]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : []
    )
  )
  return {
    ...buildKerasModel(parseJson(configuration, what, 'model_config'), namedWeights(tensors), version),
    opaque: null,
    recorded: null,
    sourceFormat: `Keras HDF5 (.h5)${typeof written === 'string' ? `, Keras ${written}` : ''}`,
    suggestedName: suggestName(path)
  }
}
