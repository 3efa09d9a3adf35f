/**
 * Reads a TF.js LayersModel folder (model.json and shards) into a NetworkGraph. The topology is Keras' own serialisation, as
 * `tf.LayersModel.save` writes it: https://www.tensorflow.org/js/guide/save_load
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { NetworkGraph } from './graph'
import { layerToNodes, type Layer } from './layers'
import { inferShapes } from './shapes'
import { readWeights, weightsManifestSchema } from './weights-manifest'

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  /** One entry for each call of the layer; in it [layer, node index, tensor index, keywords] for each input. */
  inbound_nodes: z.array(z.array(z.tuple([z.string()]).rest(z.unknown()))).optional()
})

const topologySchema = z.object({
  class_name: z.enum(['Model', 'Functional', 'Sequential']),
  config: z.union([
    z.array(layerSchema),
    z.object({
      name: z.string().default('model'),
      layers: z.array(layerSchema),
      output_layers: z.array(z.tuple([z.string()]).rest(z.unknown())).optional()
    })
  ])
})

const modelJsonSchema = z.object({
  /** TF.js writes the model itself, Keras' converter wraps it. */
  modelTopology: z.union([topologySchema, z.object({ model_config: topologySchema })]),
  weightsManifest: weightsManifestSchema
})

/**
 * @throws StudioError backbone/not-found (no model.json), backbone/corrupt (unreadable, cut short, shapes that do not fit),
 *   backbone/unsupported-layer
 */
export async function readLayersModel(directory: string): Promise<NetworkGraph> {
  const { modelTopology, weightsManifest } = await readModelJson(directory)
  const topology = 'model_config' in modelTopology ? modelTopology.model_config : modelTopology
  const config = Array.isArray(topology.config) ? { name: 'model', layers: topology.config } : topology.config
  const layers = config.layers.map((layer, index): Layer => {
    const name = layer.name ?? String(layer.config['name'] ?? '')
    const previous = index > 0 ? [nameOf(config.layers[index - 1]!)] : []
    return { kind: layer.class_name, name, config: layer.config, inputs: inputsOf(layer) ?? previous }
  })
  const weights = await readWeights(directory, weightsManifest)
  const nodes = layers.flatMap((layer, index) => layerToNodes(layer, weights, index === 0))
  const outputs = ('output_layers' in config ? config.output_layers : undefined) ?? [[layers.at(-1)!.name]]
  if (outputs.length !== 1) throw unsupported(directory, `it has ${outputs.length} outputs`)
  const graph: NetworkGraph = { name: config.name, nodes, output: outputs[0]![0], weights }
  // Read for its checks: every input made before it is used, every kernel fitting what flows into it.
  inferShapes(graph)
  return graph
}

const nameOf = (layer: z.infer<typeof layerSchema>): string => layer.name ?? String(layer.config['name'] ?? '')

function inputsOf(layer: z.infer<typeof layerSchema>): string[] | undefined {
  const calls = layer.inbound_nodes
  if (calls && calls.length > 1) {
    throw new StudioError('backbone/unsupported-layer', `Layer '${nameOf(layer)}' is used ${calls.length} times.`)
  }
  return calls && (calls[0] ?? []).map(([name]) => name)
}

async function readModelJson(directory: string): Promise<z.infer<typeof modelJsonSchema>> {
  const path = join(directory, 'model.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { directory })
  }
  try {
    return modelJsonSchema.parse(JSON.parse(text))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message
    throw new StudioError(
      'backbone/corrupt',
      `'${path}' is not a TF.js LayersModel: ${why}.`,
      { directory },
      { cause: error }
    )
  }
}

const unsupported = (directory: string, why: string): StudioError =>
  new StudioError('backbone/unsupported-layer', `The model in '${directory}' cannot be run: ${why}.`, { directory })
