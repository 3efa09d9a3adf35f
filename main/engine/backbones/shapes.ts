/** Shapes of every value in a network, and the arithmetic of padding. */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph, Padding, WeightTensor } from './graph'

/** Of one picture, without the batch: [height, width, channels], or [features] after pooling. */
export type ValueShape = [height: number, width: number, channels: number] | [features: number]

export interface PadAmounts {
  top: number
  bottom: number
  left: number
  right: number
}

interface Window {
  kernel: [number, number]
  strides: [number, number]
  dilations: [number, number]
  padding: Padding
}

/**
 * Explicit amounts. TensorFlow's 'same' makes ⌈size / stride⌉ outputs and puts the odd pixel at the end (bottom, right), so a
 * stride of 2 over an even size pads (0, 1) for a kernel of 3, where PyTorch and ONNX's own default would pad (1, 1).
 * https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
 */
export function padAmounts(height: number, width: number, { kernel, strides, dilations, padding }: Window): PadAmounts {
  if (padding === 'valid') return { top: 0, bottom: 0, left: 0, right: 0 }
  if (padding !== 'same') return padding
  const total = (size: number, axis: 0 | 1): number => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1
    return Math.max((Math.ceil(size / strides[axis]) - 1) * strides[axis] + reach - size, 0)
  }
  const [vertical, horizontal] = [total(height, 0), total(width, 1)]
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)]
  return { top, bottom: vertical - top, left, right: horizontal - left }
}

/** Names of the values that a node reads. */
export function inputsOf(node: GraphNode): readonly string[] {
  if (node.op === 'input') return []
  return 'inputs' in node ? node.inputs : [node.input]
}

/** Keys of the weights that a node reads, in the order in which Keras lists the variables of its layer. */
export function weightKeysOf(node: GraphNode): string[] {
  const keys = (): (string | null)[] => {
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
      case 'dense':
        return [node.kernel, node.bias]
      case 'batchNorm':
        return [node.gamma, node.beta, node.mean, node.variance]
      case 'layerNorm':
        return [node.gamma, node.beta]
      case 'scale':
        return [node.gamma]
      default:
        return []
    }
  }
  return keys().filter((key) => key !== null)
}

/** @throws StudioError backbone/corrupt, naming the node, when weights and values do not fit together. */
export function inferShapes(graph: NetworkGraph): Map<string, ValueShape> {
  const shapes = new Map<string, ValueShape>()
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((name) => {
      const shape = shapes.get(name)
      if (!shape) throw misfit(node, `it reads '${name}', which nothing before it makes`)
      return shape
    })
    if (shapes.has(node.name)) throw misfit(node, 'its name is used twice')
    shapes.set(node.name, shapeOf(node, inputs, graph.weights))
  }
  if (!shapes.has(graph.output))
    throw new StudioError('backbone/corrupt', `No node makes the output '${graph.output}'.`)
  return shapes
}

/** Of one node, from the shapes of what it reads. @throws as `inferShapes` */
export function shapeOf(node: GraphNode, inputs: ValueShape[], weights: Map<string, WeightTensor>): ValueShape {
  const expectWeight = (key: string | null, shape: number[]): void => {
    if (key === null) return
    const actual = weights.get(key)?.shape
    if (!actual) throw misfit(node, `its weight '${key}' is missing`)
    if (actual.join() !== shape.join()) throw misfit(node, `'${key}' is [${actual}] where [${shape}] is needed`)
  }
  switch (node.op) {
    case 'input':
      return [node.height, node.width, node.channels]
    case 'add':
      return sumShape(node, inputs)
    case 'multiply':
      return productShape(node, inputs)
    case 'concat':
      return concatShape(node, inputs)
    case 'relu':
    case 'activation':
    case 'dropout':
      return inputs[0]!
    case 'batchNorm':
    case 'layerNorm':
    case 'scale': {
      const channels = inputs[0]!.at(-1)!
      for (const key of weightKeysOf(node)) expectWeight(key, [channels])
      return inputs[0]!
    }
    case 'affine': {
      const channels = inputs[0]!.at(-1)!
      for (const [what, { length }] of Object.entries({ scale: node.scale, offset: node.offset })) {
        if (length !== 1 && length !== channels)
          throw misfit(node, `its ${what} has ${length} numbers for ${channels} channels`)
      }
      return inputs[0]!
    }
    case 'globalAveragePool': {
      const channels = picture(node, inputs[0]!)[2]
      return node.keepDims ? [1, 1, channels] : [channels]
    }
    case 'maxPool':
    case 'averagePool': {
      const input = picture(node, inputs[0]!)
      return [...windowed(node, input, { ...node, kernel: node.size, dilations: [1, 1] }), input[2]]
    }
    case 'flatten':
      return [inputs[0]!.reduce((product, side) => product * side, 1)]
    case 'zeroPad': {
      const [height, width, channels] = picture(node, inputs[0]!)
      const { top, bottom, left, right } = node.padding
      return [height + top + bottom, width + left + right, channels]
    }
    case 'dense': {
      const [features] = inputs[0]!
      const [, units] = kernelShape(node, node.kernel, weights, 2)
      if (inputs[0]!.length !== 1) throw misfit(node, 'it reads a picture; only pooled features can be read')
      expectWeight(node.kernel, [features, units!])
      expectWeight(node.bias, [units!])
      return [units!]
    }
    case 'conv2d':
    case 'depthwiseConv2d': {
      const input = picture(node, inputs[0]!)
      const [height, width, , last] = kernelShape(node, node.kernel, weights, 4) as [number, number, number, number]
      expectWeight(node.kernel, [height, width, input[2], last])
      const channels = node.op === 'conv2d' ? last : input[2] * last
      expectWeight(node.bias, [channels])
      return [...windowed(node, input, { ...node, kernel: [height, width] }), channels]
    }
  }
}

function windowed(node: GraphNode, [height, width]: [number, number, number], window: Window): [number, number] {
  const { top, bottom, left, right } = padAmounts(height, width, window)
  const count = (size: number, axis: 0 | 1): number =>
    Math.floor((size - (window.kernel[axis] - 1) * window.dilations[axis] - 1) / window.strides[axis]) + 1
  const result: [number, number] = [count(height + top + bottom, 0), count(width + left + right, 1)]
  if (result[0] < 1 || result[1] < 1) throw misfit(node, `its kernel is larger than the ${height} × ${width} it reads`)
  return result
}

function sumShape(node: GraphNode, inputs: ValueShape[]): ValueShape {
  const [first] = inputs
  if (!first) throw misfit(node, 'it adds nothing')
  const odd = inputs.find((shape) => shape.join() !== first.join())
  if (odd) throw misfit(node, `it adds [${first}] and [${odd}]`)
  return first
}

/** Sides and channels are equal or 1. */
function productShape(node: GraphNode, [first, ...others]: ValueShape[]): ValueShape {
  if (!first) throw misfit(node, 'it multiplies nothing')
  return others.reduce((shape, other) => {
    const fits = shape.length === other.length && shape.every((side, axis) => sameOrOne(side, other[axis]!))
    if (!fits) throw misfit(node, `it multiplies [${shape}] and [${other}]`)
    return shape.map((side, axis) => Math.max(side, other[axis]!)) as ValueShape
  }, first)
}

const sameOrOne = (a: number, b: number): boolean => a === b || a === 1 || b === 1

function concatShape(node: GraphNode, inputs: ValueShape[]): ValueShape {
  const [first] = inputs
  if (!first) throw misfit(node, 'it joins nothing')
  const sides = first.slice(0, -1)
  const odd = inputs.find((shape) => shape.length !== first.length || shape.slice(0, -1).join() !== sides.join())
  if (odd) throw misfit(node, `it joins [${first}] and [${odd}]`)
  return [...sides, inputs.reduce((sum, shape) => sum + shape.at(-1)!, 0)] as unknown as ValueShape
}

function picture(node: GraphNode, shape: ValueShape): [number, number, number] {
  if (shape.length !== 3) throw misfit(node, `it reads [${shape}], which is not a picture`)
  return shape
}

function kernelShape(node: GraphNode, key: string, weights: Map<string, WeightTensor>, rank: number): number[] {
  const shape = weights.get(key)?.shape
  if (!shape) throw misfit(node, `its weight '${key}' is missing`)
  if (shape.length !== rank) throw misfit(node, `'${key}' is [${shape}], of rank ${shape.length} instead of ${rank}`)
  return shape
}

const misfit = (node: GraphNode, why: string): StudioError =>
  new StudioError('backbone/corrupt', `Layer '${node.name}' (${node.op}) does not fit: ${why}.`, { layer: node.name })
