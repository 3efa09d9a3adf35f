/**
 * The gradient of one score with respect to the last feature map, by the chain rule through the few layers between them: exact, and
 * without TensorFlow, since nothing after the map is larger than a row of features. For pooling and a dense layer it comes
 * to kernel / (height · width) at every place, which makes Grad-CAM the class activation map (Zhou et al. 2016,
 * https://arxiv.org/abs/1512.04150).
 */
import type { GraphNode, NetworkGraph, WeightTensor } from '../../backbones/graph'
import { interpretAll } from '../../backbones/reference'
import { inferShapes, inputsOf, padAmounts, type ValueShape } from '../../backbones/shapes'
import { slopeOf } from './slopes'

type TailNode = Exclude<GraphNode, { op: 'input' }>
type LinearNode = Extract<GraphNode, { op: 'dense' | 'conv2d' }>

/** What a layer's inputs get of the gradient of its output. `x` is the first input's value. */
type Backward = (gradient: Float64Array, x: Float32Array) => Float64Array

export interface Tail {
  /** @param map [height, width, channels] @returns the scores of the classes */
  scores(map: Float32Array): Float32Array
  /** @returns ∂ score / ∂ map, shaped like the map */
  gradient(map: Float32Array, classIndex: number): Float64Array
}

/** @returns what cannot be differentiated, as a name, instead of the tail where there is such a layer */
export function openTail(graph: NetworkGraph): Tail | { unsupported: string } {
  const shapes = inferShapes(graph)
  const layers: { node: TailNode; backward: Backward }[] = []
  for (const node of graph.nodes) {
    if (node.op === 'input') continue
    const from = inputsOf(node).map((name) => shapes.get(name)!)
    const backward = backwardOf(node, from[0]!, shapes.get(node.name)!, graph.weights)
    if (!backward) return { unsupported: `${node.op} '${node.name}'` }
    layers.unshift({ node, backward })
  }
  const input = graph.nodes.find(({ op }) => op === 'input')!.name
  return {
    scores: (map) => interpretAll(graph, map).get(graph.output)!,
    gradient(map, classIndex) {
      const values = interpretAll(graph, map)
      const gradients = new Map<string, Float64Array>([[graph.output, oneHot(values.get(graph.output)!, classIndex)]])
      for (const { node, backward } of layers) {
        const gradient = gradients.get(node.name)
        if (!gradient) continue
        const names = inputsOf(node)
        const given = backward(gradient, values.get(names[0]!)!)
        for (const name of names) gradients.set(name, sum(gradients.get(name), given))
      }
      return gradients.get(input) ?? new Float64Array(map.length)
    }
  }
}

function oneHot({ length }: Float32Array, index: number): Float64Array {
  const row = new Float64Array(length)
  row[index] = 1
  return row
}

const sum = (a: Float64Array | undefined, b: Float64Array): Float64Array =>
  a ? a.map((value, index) => value + b[index]!) : b

function backwardOf(
  node: TailNode,
  from: ValueShape,
  to: ValueShape,
  weights: NetworkGraph['weights']
): Backward | null {
  const channels = from.at(-1)!
  const perChannel = (scale: ArrayLike<number>): Backward => {
    return (gradient) => gradient.map((value, index) => value * scale[scale.length === 1 ? 0 : index % channels]!)
  }
  const elementwise = (slope: (x: number) => number): Backward => {
    return (gradient, x) => gradient.map((value, index) => value * slope(x[index]!))
  }
  switch (node.op) {
    case 'flatten':
    case 'dropout':
    case 'add':
      return (gradient) => gradient
    case 'relu':
      return elementwise((x) => (x > 0 && x < (node.max ?? Infinity) ? 1 : 0))
    case 'activation': {
      const slope = slopeOf(node.kind, node.alpha)
      return slope && elementwise(slope)
    }
    case 'scale':
      return perChannel(weights.get(node.gamma)!.data)
    case 'affine':
      return perChannel(node.scale)
    case 'batchNorm': {
      const gamma = node.gamma === null ? null : weights.get(node.gamma)!.data
      const { data } = weights.get(node.variance)!
      return perChannel(data.map((variance, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(variance + node.epsilon)))
    }
    case 'layerNorm':
      return layerNorm(channels, node.gamma === null ? null : weights.get(node.gamma)!.data, node.epsilon)
    case 'globalAveragePool':
      return spread(from)
    case 'averagePool':
      return isWholeMap({ ...node, kernel: node.size, dilations: [1, 1] }, from, to) ? spread(from) : null
    case 'dense':
      return linear(weights.get(node.kernel)!)
    case 'conv2d':
      return isWholeMap({ ...node, kernel: sides(node, weights) }, from, to) ? linear(weights.get(node.kernel)!) : null
    default:
      return null
  }
}

const sides = ({ kernel }: LinearNode, weights: NetworkGraph['weights']): [number, number] =>
  weights.get(kernel)!.shape.slice(0, 2) as [number, number]

/** Whether a window looks once, at all there is: a convolution is a dense layer then, and a pool a global one. */
function isWholeMap(window: Parameters<typeof padAmounts>[2], from: ValueShape, to: ValueShape): boolean {
  const [height, width] = from as [number, number, number]
  const { top, bottom, left, right } = padAmounts(height, width, window)
  const once = to[0] === 1 && to[1] === 1 && top + bottom + left + right === 0
  return once && window.kernel[0] === height && window.kernel[1] === width
}

/** Each of the places has an equal share in the mean. */
function spread([height, width, channels]: ValueShape): Backward {
  const places = height * width!
  return (gradient) => Float64Array.from({ length: places * channels! }, (_, at) => gradient[at % channels!]! / places)
}

/** A kernel [… inputs, outputs], row-major. */
function linear({ shape, data }: WeightTensor): Backward {
  const outputs = shape.at(-1)!
  return (gradient) => {
    return Float64Array.from({ length: data.length / outputs }, (_, input) => {
      let total = 0
      for (let to = 0; to < outputs; to++) total += gradient[to]! * data[input * outputs + to]!
      return total
    })
  }
}

/** With y = γ·x̂ + β and h = γ·g: ∂ = (h − mean(h) − x̂·mean(h·x̂)) / σ, over each pixel's channels. */
function layerNorm(channels: number, gamma: Float32Array | null, epsilon: number): Backward {
  return (gradient, x) => {
    const out = new Float64Array(x.length)
    for (let start = 0; start < x.length; start += channels) {
      const row = Float64Array.from(x.subarray(start, start + channels))
      const mean = row.reduce((total, value) => total + value, 0) / channels
      const deviation = Math.sqrt(row.reduce((total, value) => total + (value - mean) ** 2, 0) / channels + epsilon)
      const normal = row.map((value) => (value - mean) / deviation)
      const scaled = normal.map((_, channel) => gradient[start + channel]! * (gamma?.[channel] ?? 1))
      const meanScaled = scaled.reduce((total, value) => total + value, 0) / channels
      const meanProduct = scaled.reduce((total, value, channel) => total + value * normal[channel]!, 0) / channels
      out.set(
        scaled.map((value, channel) => (value - meanScaled - normal[channel]! * meanProduct) / deviation),
        start
      )
    }
    return out
  }
}
