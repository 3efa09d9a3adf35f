/**
 * One node of a graph as layers of TF.js, and their weights. What its layers lack (hard swish and hard sigmoid as networks know
 * them, fixed affine maps, LayerScale) is put together from those it has, so that the export needs no code of its own.
 */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph, Padding, WeightTensor } from '../backbones/graph'
import { inputsOf, type ValueShape } from '../backbones/shapes'

export interface KerasLayer {
  class_name: string
  name: string
  config: Record<string, unknown>
  inbound_nodes: [string, number, number, Record<string, never>][][]
}

export interface NodeLayers {
  /** The last of them has the node's name. */
  layers: KerasLayer[]
  /** In the layers' own order. */
  weights: { name: string; tensor: WeightTensor }[]
}

export interface NodeContext {
  weights: NetworkGraph['weights']
  /** Whether its logits become probabilities in the export. */
  isOutput: boolean
  /** Of its first input. */
  from: ValueShape
}

/** @throws StudioError export/unsupported-layer naming a node that the format has no layers for */
export function layersOf(node: GraphNode, context: NodeContext): NodeLayers {
  const { weights, isOutput, from } = context
  const one = (class_name: string, settings: Record<string, unknown>, keys: Weights = {}): NodeLayers =>
    layer(class_name, node.name, inputsOf(node), settings, read(keys, weights))
  switch (node.op) {
    case 'input': {
      const shape = [null, node.height, node.width, node.channels]
      return one('InputLayer', { batch_input_shape: shape, dtype: 'float32', sparse: false })
    }
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolution(node, weights)
    case 'batchNorm': {
      const settings = { axis: -1, momentum: 0.99, epsilon: node.epsilon }
      const { gamma, beta, mean: moving_mean, variance: moving_variance } = node
      const keys = { gamma, beta, moving_mean, moving_variance }
      return one('BatchNormalization', { ...settings, center: beta !== null, scale: gamma !== null }, keys)
    }
    case 'layerNorm': {
      const { gamma, beta, epsilon } = node
      const settings = { axis: -1, epsilon, center: beta !== null, scale: gamma !== null }
      return one('LayerNormalization', settings, { gamma, beta })
    }
    case 'scale':
      return affine(node.name, node.input, weights.get(node.gamma)!.data, Float32Array.of(0), from)
    case 'affine':
      return affine(node.name, node.input, node.scale, node.offset, from)
    case 'relu':
      return one('ReLU', { max_value: node.max })
    case 'activation':
      return activation(node, from)
    case 'add':
      return one('Add', {})
    case 'multiply':
      return one('Multiply', {})
    case 'concat':
      return one('Concatenate', { axis: -1 })
    case 'zeroPad':
      return one('ZeroPadding2D', borderSettings(node.padding))
    case 'globalAveragePool': {
      if (!node.keepDims) return one('GlobalAveragePooling2D', { data_format: 'channels_last' })
      const pooled = `${node.name}_pooled`
      return join(
        layer('GlobalAveragePooling2D', pooled, [node.input], { data_format: 'channels_last' }),
        layer('Reshape', node.name, [pooled], { target_shape: [1, 1, from.at(-1)] })
      )
    }
    case 'maxPool':
    case 'averagePool': {
      if (typeof node.padding !== 'string') throw unsupported(node.name, 'pooling with a border of its own')
      const name = node.op === 'maxPool' ? 'MaxPooling2D' : 'AveragePooling2D'
      const { size: pool_size, strides, padding } = node
      return one(name, { pool_size, strides, padding, data_format: 'channels_last' })
    }
    case 'flatten':
      return one('Flatten', { data_format: 'channels_last' })
    case 'dropout':
      return one('Dropout', { rate: node.rate })
    case 'dense': {
      const units = weights.get(node.kernel)!.shape[1]
      const { kernel, bias } = node
      return one(
        'Dense',
        { units, activation: isOutput ? 'softmax' : 'linear', use_bias: bias !== null },
        { kernel, bias }
      )
    }
  }
}

/** Two layers where it has a border of its own, which Keras knows only as a layer before it. */
function convolution(
  node: Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>,
  weights: NetworkGraph['weights']
): NodeLayers {
  const isFull = node.op === 'conv2d'
  const [height, width, , outputs] = weights.get(node.kernel)!.shape
  const settings = {
    ...(isFull ? { filters: outputs } : { depth_multiplier: outputs }),
    kernel_size: [height, width],
    strides: node.strides,
    dilation_rate: node.dilations,
    padding: node.padding === 'same' ? 'same' : 'valid',
    data_format: 'channels_last',
    activation: 'linear',
    use_bias: node.bias !== null
  }
  const { kernel, bias } = node
  const values = read(isFull ? { kernel, bias } : { depthwise_kernel: kernel, bias }, weights)
  const name = isFull ? 'Conv2D' : 'DepthwiseConv2D'
  if (typeof node.padding === 'string') return layer(name, node.name, [node.input], settings, values)
  const border = `${node.name}_border`
  return join(
    layer('ZeroPadding2D', border, [node.input], borderSettings(node.padding)),
    layer(name, node.name, [border], settings, values)
  )
}

function activation(node: Extract<GraphNode, { op: 'activation' }>, from: ValueShape): NodeLayers {
  const { name, kind, input, alpha } = node
  const plain = (activation: string): NodeLayers => layer('Activation', name, [input], { activation })
  switch (kind) {
    case 'leakyRelu':
      return layer('LeakyReLU', name, [input], { alpha: alpha ?? 0.3 })
    case 'elu':
      if (alpha !== undefined && alpha !== 1) throw unsupported(name, `ELU with an alpha of ${alpha}`)
      return plain('elu')
    case 'hardSigmoid':
      return hardSigmoid(name, input, from)
    case 'hardSwish': {
      const gate = `${name}_gate`
      return join(hardSigmoid(gate, input, from), layer('Multiply', name, [input, gate], {}))
    }
    default:
      return plain(kind)
  }
}

/** min(max(x/6 + 1/2, 0), 1): TF.js' own of that name has another slope, 0.2. */
function hardSigmoid(name: string, input: string, from: ValueShape): NodeLayers {
  const line = `${name}_line`
  return join(affine(line, input, [1 / 6], [1 / 2], from), layer('ReLU', name, [line], { max_value: 1 }))
}

const EPSILON = 1e-3

/** x · scale + offset as a batch-norm whose statistics do nothing. */
function affine(
  name: string,
  input: string,
  scale: ArrayLike<number>,
  offset: ArrayLike<number>,
  from: ValueShape
): NodeLayers {
  const channels = from.at(-1)!
  const spread = (values: ArrayLike<number>): WeightTensor => ({
    shape: [channels],
    data: Float32Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]!)
  })
  const settings = { axis: -1, momentum: 0.99, epsilon: EPSILON, center: true, scale: true }
  return layer('BatchNormalization', name, [input], settings, {
    gamma: spread(scale),
    beta: spread(offset),
    moving_mean: spread([0]),
    moving_variance: spread([1 - EPSILON])
  })
}

type Weights = Record<string, string | null>

/** The weights there are, under the names that the layer looks for. */
function read(keys: Weights, weights: NetworkGraph['weights']): Record<string, WeightTensor> {
  const present = Object.entries(keys).filter((pair): pair is [string, string] => pair[1] !== null)
  return Object.fromEntries(present.map(([name, key]) => [name, weights.get(key)!]))
}

function layer(
  class_name: string,
  name: string,
  inputs: readonly string[],
  settings: Record<string, unknown>,
  weights: Record<string, WeightTensor> = {}
): NodeLayers {
  const inbound = inputs.map((input): [string, number, number, Record<string, never>] => [input, 0, 0, {}])
  return {
    layers: [
      {
        class_name,
        name,
        config: { name, trainable: true, ...settings },
        inbound_nodes: inbound.length === 0 ? [] : [inbound]
      }
    ],
    weights: Object.entries(weights).map(([suffix, tensor]) => ({ name: `${name}/${suffix}`, tensor }))
  }
}

const join = (...parts: NodeLayers[]): NodeLayers => ({
  layers: parts.flatMap(({ layers }) => layers),
  weights: parts.flatMap(({ weights }) => weights)
})

const borderSettings = ({ top, bottom, left, right }: Exclude<Padding, string>) => ({
  padding: [
    [top, bottom],
    [left, right]
  ],
  data_format: 'channels_last'
})

const unsupported = (layerName: string, what: string): StudioError =>
  new StudioError(
    'export/unsupported-layer',
    `A TF.js LayersModel cannot hold '${layerName}': its layers know no ${what}.`,
    { layer: layerName }
  )
