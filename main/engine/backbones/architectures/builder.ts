/** Builds an architecture layer by layer. Every method gives the name of the value that it made. */
import { StudioError } from '@shared/errors'
import type { ActivationKind, GraphNode, NetworkGraph, Padding, WeightTensor } from '../graph'
import { heNormal, type Initial, type WeightSource } from './weights'

interface ConvolutionOptions {
  filters: number
  kernel?: number
  strides?: number
  padding?: Padding
  bias?: boolean
  /** Inside the layer, as Keras has it: the layer's value is the activation's, and the convolution's own is 'name/linear'. */
  activation?: ActivationKind
  /** Of an untrained kernel, times that of He. */
  gain?: number
}

type DepthwiseOptions = Omit<ConvolutionOptions, 'filters' | 'activation'>

interface NormOptions {
  epsilon?: number
  /** Gamma of an untrained network: below 1 where a residual branch ends, so that the sum does not grow from block to block. */
  gamma?: number
}

/** Gamma or gain at the end of a residual branch. */
export const RESIDUAL_GAIN = 0.25

const ONES: Initial = { values: 1 }
const ZEROS: Initial = { values: 0 }

export class GraphBuilder {
  private readonly nodes: GraphNode[] = []
  private readonly weights = new Map<string, WeightTensor>()
  private readonly channels = new Map<string, number>()

  constructor(
    private readonly name: string,
    private readonly source: WeightSource
  ) {}

  input(size: number): string {
    return this.push({ name: 'input', op: 'input', height: size, width: size, channels: 3 }, 3)
  }

  channelsOf(value: string): number {
    return this.channels.get(value)!
  }

  conv(
    name: string,
    input: string,
    { filters, kernel = 1, strides = 1, padding = 'same', bias = false, activation, gain }: ConvolutionOptions
  ): string {
    const shape = [kernel, kernel, this.channelsOf(input), filters]
    const node = {
      name: activation ? `${name}/linear` : name,
      op: 'conv2d' as const,
      input,
      kernel: this.variable(`${name}/kernel`, shape, heNormal(kernel * kernel * this.channelsOf(input), gain)),
      bias: bias ? this.variable(`${name}/bias`, [filters], ZEROS) : null,
      strides: [strides, strides] as [number, number],
      padding,
      dilations: [1, 1] as [number, number]
    }
    const value = this.push(node, filters)
    return activation ? this.activation(name, value, activation) : value
  }

  depthwise(
    name: string,
    input: string,
    { kernel = 3, strides = 1, padding = 'same', bias = false, gain }: DepthwiseOptions,
    stored: { variable: string; shape?: number[] } = { variable: 'depthwise_kernel' }
  ): string {
    const channels = this.channelsOf(input)
    const shape = [kernel, kernel, channels, 1]
    const node = {
      name,
      op: 'depthwiseConv2d' as const,
      input,
      kernel: this.variable(`${name}/${stored.variable}`, shape, heNormal(kernel * kernel, gain), stored.shape),
      bias: bias ? this.variable(`${name}/bias`, [channels], ZEROS) : null,
      strides: [strides, strides] as [number, number],
      padding,
      dilations: [1, 1] as [number, number]
    }
    return this.push(node, channels)
  }

  /** Keras' Dense over each pixel of a map: its kernel is [in, out], ours [1, 1, in, out]. */
  denseMap(name: string, input: string, units: number): string {
    const inputs = this.channelsOf(input)
    const node = {
      name,
      op: 'conv2d' as const,
      input,
      kernel: this.variable(`${name}/kernel`, [1, 1, inputs, units], heNormal(inputs), [inputs, units]),
      bias: this.variable(`${name}/bias`, [units], ZEROS),
      strides: [1, 1] as [number, number],
      padding: 'valid' as const,
      dilations: [1, 1] as [number, number]
    }
    return this.push(node, units)
  }

  batchNorm(name: string, input: string, { epsilon = 1e-3, gamma = 1 }: NormOptions = {}): string {
    const shape = [this.channelsOf(input)]
    return this.keep({
      name,
      op: 'batchNorm',
      input,
      gamma: this.variable(`${name}/gamma`, shape, { values: gamma }),
      beta: this.variable(`${name}/beta`, shape, ZEROS),
      mean: this.variable(`${name}/moving_mean`, shape, ZEROS),
      variance: this.variable(`${name}/moving_variance`, shape, ONES),
      epsilon
    })
  }

  layerNorm(name: string, input: string, epsilon: number): string {
    const shape = [this.channelsOf(input)]
    const gamma = this.variable(`${name}/gamma`, shape, ONES)
    return this.keep({
      name,
      op: 'layerNorm',
      input,
      gamma,
      beta: this.variable(`${name}/beta`, shape, ZEROS),
      epsilon
    })
  }

  scale(name: string, input: string, initial: Initial): string {
    return this.keep({
      name,
      op: 'scale',
      input,
      gamma: this.variable(`${name}/gamma`, [this.channelsOf(input)], initial)
    })
  }

  affine(name: string, input: string, scale: number[], offset: number[]): string {
    return this.keep({ name, op: 'affine', input, scale, offset })
  }

  relu(name: string, input: string, max: number | null = null): string {
    return this.keep({ name, op: 'relu', input, max })
  }

  activation(name: string, input: string, kind: ActivationKind): string {
    return this.keep({ name, op: 'activation', kind, input })
  }

  add(name: string, inputs: [string, string]): string {
    return this.push({ name, op: 'add', inputs }, this.channelsOf(inputs[0]))
  }

  multiply(name: string, inputs: [string, string]): string {
    return this.push({ name, op: 'multiply', inputs }, this.channelsOf(inputs[0]))
  }

  zeroPad(name: string, input: string, [top, bottom]: [number, number]): string {
    return this.keep({ name, op: 'zeroPad', input, padding: { top, bottom, left: top, right: bottom } })
  }

  maxPool(name: string, input: string, size: number, strides: number): string {
    return this.keep({ name, op: 'maxPool', input, size: [size, size], strides: [strides, strides], padding: 'valid' })
  }

  globalPool(name: string, input: string, keepDims = false): string {
    return this.keep({ name, op: 'globalAveragePool', input, keepDims })
  }

  flatten(name: string, input: string): string {
    return this.keep({ name, op: 'flatten', input })
  }

  dropout(name: string, input: string, rate: number): string {
    return this.keep({ name, op: 'dropout', input, rate })
  }

  dense(name: string, input: string, units: number): string {
    const inputs = this.channelsOf(input)
    const kernel = this.variable(`${name}/kernel`, [inputs, units], { standardDeviation: Math.sqrt(1 / inputs) })
    return this.push({ name, op: 'dense', input, kernel, bias: this.variable(`${name}/bias`, [units], ZEROS) }, units)
  }

  /** A variable that is not a weight of any node, such as the statistics of a Normalization layer. */
  constant(name: string, shape: number[], initial: Initial): Float32Array {
    const data = this.source(name, shape, initial)
    const length = shape.reduce((product, side) => product * side, 1)
    if (data.length !== length) {
      throw new StudioError('backbone/corrupt', `'${name}' holds ${data.length} numbers where [${shape}] is needed.`, {
        name
      })
    }
    return data
  }

  build(output: string): NetworkGraph {
    return { name: this.name, nodes: this.nodes, output, weights: this.weights }
  }

  /** @param stored the shape in which Keras has it, where the order of the numbers is ours but the shape is not. */
  private variable(name: string, shape: number[], initial: Initial, stored = shape): string {
    this.weights.set(name, { shape, data: this.constant(name, stored, initial) })
    return name
  }

  private keep(node: GraphNode & { input: string }): string {
    return this.push(node, this.channelsOf(node.input))
  }

  private push(node: GraphNode, channels: number): string {
    this.nodes.push(node)
    this.channels.set(node.name, channels)
    return node.name
  }
}
