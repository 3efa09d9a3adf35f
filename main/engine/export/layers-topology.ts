/**
 * A network as Keras' serialisation of a functional model, the `modelTopology` of a TF.js LayersModel
 * (https://www.tensorflow.org/js/guide/save_load; class names and settings as TF.js' own layers read them).
 */
import type { NetworkGraph, WeightTensor } from '../backbones/graph'
import { inferShapes, inputsOf } from '../backbones/shapes'
import { layersOf, type KerasLayer } from './keras-layers'

interface LayersTopology {
  class_name: 'Model'
  keras_version: string
  backend: string
  config: {
    name: string
    layers: KerasLayer[]
    input_layers: [string, number, number][]
    output_layers: [string, number, number][]
  }
}

export interface SerializedNetwork {
  topology: LayersTopology
  /** Under the names that the layers look for, in the order of the layers. */
  weights: { name: string; tensor: WeightTensor }[]
}

/**
 * @param graph ends in a dense layer, whose logits become probabilities in the export.
 * @throws StudioError export/unsupported-layer
 */
export function serializeNetwork(graph: NetworkGraph): SerializedNetwork {
  const shapes = inferShapes(graph)
  const made = graph.nodes.map((node) =>
    layersOf(node, {
      weights: graph.weights,
      isOutput: node.name === graph.output,
      from: shapes.get(inputsOf(node)[0] ?? node.name)!
    })
  )
  const input = graph.nodes.find((node) => node.op === 'input')!
  return {
    topology: {
      class_name: 'Model',
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      config: {
        name: graph.name,
        layers: made.flatMap(({ layers }) => layers),
        input_layers: [[input.name, 0, 0]],
        output_layers: [[graph.output, 0, 0]]
      }
    },
    weights: made.flatMap(({ weights }) => weights)
  }
}
