/** Keras layers, one by one, as nodes of a NetworkGraph. */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { GraphNode, Padding, WeightTensor } from './graph'

export interface Layer {
  /** Keras' class name. */
  kind: string
  name: string
  config: Record<string, unknown>
  inputs: string[]
}

const pair = z.union([
  z.tuple([z.int().min(1), z.int().min(1)]),
  z
    .int()
    .min(1)
    .transform((n): [number, number] => [n, n])
])
const channelsLast = z.literal('channels_last').default('channels_last')
const convolution = z.object({
  strides: pair.default([1, 1]),
  padding: z.enum(['same', 'valid']),
  dilation_rate: pair.default([1, 1]),
  data_format: channelsLast,
  use_bias: z.boolean().default(true),
  activation: z.string().nullable().default('linear')
})
const zeroPadding = z.object({
  padding: z.union([
    z.tuple([z.tuple([z.int(), z.int()]), z.tuple([z.int(), z.int()])]),
    z.int().transform((n): [[number, number], [number, number]] => [
      [n, n],
      [n, n]
    ])
  ]),
  data_format: channelsLast
})

/**
 * @param first whether it is the network's first layer, which may carry the input's shape (Sequential models).
 * @throws StudioError backbone/unsupported-layer, naming layer and reason
 */
export function layerToNodes(layer: Layer, weights: Map<string, WeightTensor>, first: boolean): GraphNode[] {
  try {
    return convert(layer, weights, first)
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const { path, message } = error.issues[0]!
    throw unsupported(layer, `its setting '${path.join('.')}' (${message})`)
  }
}

function convert(layer: Layer, weights: Map<string, WeightTensor>, first: boolean): GraphNode[] {
  const { kind, name, config } = layer
  if (kind === 'InputLayer') return [inputNode(layer)]
  if (first) {
    const input = `${name}_input`
    return [inputNode({ ...layer, name: input }), ...convert({ ...layer, inputs: [input] }, weights, false)]
  }
  const key = (suffix: string): string => weightKey(layer, suffix, weights)
  const input = layer.inputs[0] ?? ''
  switch (kind) {
    case 'Conv2D':
    case 'DepthwiseConv2D': {
      const settings = convolution.parse(config)
      const depthwise = kind === 'DepthwiseConv2D'
      return withActivation(layer, settings.activation, {
        name,
        op: depthwise ? 'depthwiseConv2d' : 'conv2d',
        input,
        kernel: key(depthwise ? 'depthwise_kernel' : 'kernel'),
        bias: settings.use_bias ? key('bias') : null,
        strides: settings.strides,
        padding: settings.padding satisfies Padding,
        dilations: settings.dilation_rate
      })
    }
    case 'Dense': {
      const settings = z
        .object({ use_bias: z.boolean().default(true), activation: z.string().nullable().default('linear') })
        .parse(config)
      const bias = settings.use_bias ? key('bias') : null
      return withActivation(layer, settings.activation, { name, op: 'dense', input, kernel: key('kernel'), bias })
    }
    case 'BatchNormalization': {
      const settings = z
        .object({ epsilon: z.number(), scale: z.boolean().default(true), center: z.boolean().default(true) })
        .parse(config)
      return [
        {
          name,
          op: 'batchNorm',
          input,
          gamma: settings.scale ? key('gamma') : null,
          beta: settings.center ? key('beta') : null,
          mean: key('moving_mean'),
          variance: key('moving_variance'),
          epsilon: settings.epsilon
        }
      ]
    }
    case 'ReLU':
      return [
        {
          name,
          op: 'relu',
          input,
          max: z
            .number()
            .nullable()
            .default(null)
            .parse(config['max_value'] ?? null)
        }
      ]
    case 'Activation':
      return [activationNode(layer, name, input, String(config['activation']))]
    case 'Add':
      return [{ name, op: 'add', inputs: layer.inputs }]
    case 'ZeroPadding2D': {
      const [[top, bottom], [left, right]] = zeroPadding.parse(config).padding
      return [{ name, op: 'zeroPad', input, padding: { top, bottom, left, right } }]
    }
    case 'GlobalAveragePooling2D':
      if (config['keepdims'] === true) throw unsupported(layer, 'keepdims')
      channelsLast.parse(config['data_format'])
      return [{ name, op: 'globalAveragePool', input, keepDims: false }]
    case 'Dropout':
      return [{ name, op: 'dropout', input, rate: z.number().parse(config['rate']) }]
    default:
      throw unsupported(layer, `layers of the kind ${kind}`)
  }
}

function inputNode({ name, config }: Layer): GraphNode {
  const shape = z
    .tuple([z.null(), z.int(), z.int(), z.int()])
    .parse(config['batch_input_shape'] ?? config['batch_shape'])
  return { name, op: 'input', height: shape[1], width: shape[2], channels: shape[3] }
}

/** An activation inside a layer becomes a node of its own, which takes the layer's name so that consumers find it. */
function withActivation(layer: Layer, activation: string | null, node: GraphNode): GraphNode[] {
  if (activation === null || activation === 'linear') return [node]
  const inner = `${node.name}/linear`
  return [{ ...node, name: inner }, activationNode(layer, node.name, inner, activation)]
}

function activationNode(layer: Layer, name: string, input: string, activation: string): GraphNode {
  if (activation === 'relu') return { name, op: 'relu', input, max: null }
  if (activation === 'relu6') return { name, op: 'relu', input, max: 6 }
  throw unsupported(layer, `the activation '${activation}'`)
}

function weightKey(layer: Layer, suffix: string, weights: Map<string, WeightTensor>): string {
  const key = `${layer.name}/${suffix}`
  if (!weights.has(key)) {
    throw new StudioError('backbone/corrupt', `Layer '${layer.name}' (${layer.kind}) has no weight '${key}'.`)
  }
  return key
}

const unsupported = ({ name, kind }: Layer, what: string): StudioError =>
  new StudioError('backbone/unsupported-layer', `Layer '${name}' (${kind}) cannot be run: ${what} is not supported.`, {
    layer: name,
    kind
  })
