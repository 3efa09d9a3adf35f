/**
 * Reads a TF.js LayersModel folder (model.json and shards) into a NetworkGraph. The topology is Keras' own serialisation, as
 * `tf.LayersModel.save` or Keras' converter writes it: https://www.tensorflow.org/js/guide/save_load
 */
import { StudioError } from '@shared/errors'
import type { NetworkGraph } from '../graph'
import { buildKerasModel } from './keras/build'
import { namedWeights } from './keras/weights'
import { readModelJson, type TfjsModel } from './tfjs-json'
import { readWeights } from './tfjs-weights'

/**
 * @throws StudioError backbone/not-found (no model.json), backbone/corrupt (unreadable, cut short, shapes that do not fit),
 *   backbone/unsupported-layer
 */
export async function readLayersModel(directory: string): Promise<NetworkGraph> {
  return (await layersModelGraph(directory, await readModelJson(directory))).graph
}

/** @throws as `readLayersModel` */
export async function layersModelGraph(
  directory: string,
  { kind, topology, manifest }: TfjsModel
): Promise<{ graph: NetworkGraph; notes: string[] }> {
  if (kind !== 'layers') {
    throw new StudioError('backbone/corrupt', `The model in '${directory}' is a GraphModel, not a LayersModel.`, {
      directory
    })
  }
  const weights = await readWeights(directory, manifest)
  // TF.js writes the model itself, Keras' converter wraps it.
  const model = 'model_config' in topology ? topology['model_config'] : topology
  const version = String(topology['keras_version'] ?? '').startsWith('3') ? 3 : 2
  return buildKerasModel(model, namedWeights(weights), version)
}
