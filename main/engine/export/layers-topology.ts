/**
 * A network as Keras' serialisation of a functional model, the `modelTopology` of a TF.js LayersModel
 * (https://www.tensorflow.org/js/guide/save_load; class names and settings as TF.js' own layers read them).
 */
import type { GraphNode, NetworkGraph, Padding, WeightTensor } from '../backbones/graph'
import { inputsOf } from '../backbones/shapes'

interface KerasLayer {
  class_name: string
  name: string
  config: Record<string, unknown>
  inbound_nodes: [string, number, number, Record<string, never>][][]
}

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

/** @param graph ends in a dense layer, whose logits become probabilities in the export. */
export function serializeNetwork(graph: NetworkGraph): SerializedNetwork {
  const layers: KerasLayer[] = []
  const weights: SerializedNetwork['weights'] = []
  for (const node of graph.nodes) {
    const own = layersOf(node, node.name === graph.output, graph.weights)
    layers.push(...own)
    for (const [suffix, key] of weightNames(node)) {
      weights.push({ name: `${node.name}/${suffix}`, tensor: graph.weights.get(key)! })
    }
  }
  const input = graph.nodes.find((node) => node.op === 'input')!
  return {
    topology: {
      class_name: 'Model',
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      config: {
        name: graph.name,
        layers,
        input_layers: [[input.name, 0, 0]],
        output_layers: [[graph.output, 0, 0]]
      }
    },
    weights
  }
}

/** One layer; two where a convolution has a border of its own, which Keras knows only as a layer before it. */
function layersOf(node: GraphNode, isOutput: boolean, weights: NetworkGraph['weights']): KerasLayer[] {
  const layer = (class_name: string, settings: Record<string, unknown>, inputs = inputsOf(node)): KerasLayer => ({
    class_name,
    name: node.name,
    config: { name: node.name, trainable: true, ...settings },
    inbound_nodes: inputs.length === 0 ? [] : [inputs.map((name) => [name, 0, 0, {}])]
  })
  switch (node.op) {
    case 'input':
      return [
        layer('InputLayer', {
          batch_input_shape: [null, node.height, node.width, node.channels],
          dtype: 'float32',
          sparse: false
        })
      ]
    case 'conv2d':
    case 'depthwiseConv2d': {
      const [height, width, , outputs] = weights.get(node.kernel)!.shape
      const settings = {
        ...(node.op === 'conv2d' ? { filters: outputs } : { depth_multiplier: outputs }),
        kernel_size: [height, width],
        strides: node.strides,
        dilation_rate: node.dilations,
        padding: node.padding === 'same' ? 'same' : 'valid',
        data_format: 'channels_last',
        activation: 'linear',
        use_bias: node.bias !== null
      }
      const name = node.op === 'conv2d' ? 'Conv2D' : 'DepthwiseConv2D'
      if (typeof node.padding === 'string') return [layer(name, settings)]
      const border = `${node.name}_border`
      return [
        { ...layer('ZeroPadding2D', { ...paddingSettings(node.padding), name: border }), name: border },
        layer(name, settings, [border])
      ]
    }
    case 'batchNorm':
      return [
        layer('BatchNormalization', {
          axis: -1,
          momentum: 0.99,
          epsilon: node.epsilon,
          center: node.beta !== null,
          scale: node.gamma !== null
        })
      ]
    case 'relu':
      return [layer('ReLU', { max_value: node.max })]
    case 'add':
      return [layer('Add', {})]
    case 'zeroPad':
      return [layer('ZeroPadding2D', paddingSettings(node.padding))]
    case 'globalAveragePool':
      return [layer('GlobalAveragePooling2D', { data_format: 'channels_last' })]
    case 'dropout':
      return [layer('Dropout', { rate: node.rate })]
    case 'dense': {
      const units = weights.get(node.kernel)!.shape[1]
      const activation = isOutput ? 'softmax' : 'linear'
      return [layer('Dense', { units, activation, use_bias: node.bias !== null })]
    }
  }
}

const paddingSettings = ({ top, bottom, left, right }: Exclude<Padding, string>) => ({
  padding: [
    [top, bottom],
    [left, right]
  ],
  data_format: 'channels_last'
})

/** [name in the layer, key in the graph] of each weight, in the layer's own order. */
function weightNames(node: GraphNode): [string, string][] {
  const present = (pairs: [string, string | null][]): [string, string][] =>
    pairs.filter((pair): pair is [string, string] => pair[1] !== null)
  switch (node.op) {
    case 'conv2d':
    case 'dense':
      return present([
        ['kernel', node.kernel],
        ['bias', node.bias]
      ])
    case 'depthwiseConv2d':
      return present([
        ['depthwise_kernel', node.kernel],
        ['bias', node.bias]
      ])
    case 'batchNorm':
      return present([
        ['gamma', node.gamma],
        ['beta', node.beta],
        ['moving_mean', node.mean],
        ['moving_variance', node.variance]
      ])
    default:
      return []
  }
}
