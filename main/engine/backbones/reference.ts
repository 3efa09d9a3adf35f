/**
 * The network computed the slow and obvious way, one node after the other as the layers are defined, in float64 sums: what
 * the executors are checked against. Nothing is folded, fused or blocked here on purpose.
 */
import type { GraphNode, NetworkGraph } from './graph'
import { activate } from './reference-activations'
import { convolve, pool, zeroPad, type Picture } from './reference-windows'
import { inferShapes, inputsOf, type ValueShape } from './shapes'

/**
 * @param input NHWC, one picture.
 * @returns the output of one picture.
 */
export function interpret(graph: NetworkGraph, input: Float32Array): Float32Array {
  return interpretAll(graph, input).get(graph.output)!
}

/** @returns every node's value, by its name. */
export function interpretAll(graph: NetworkGraph, input: Float32Array): Map<string, Float32Array> {
  const shapes = inferShapes(graph)
  const values = new Map<string, Float32Array>()
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((name) => values.get(name)!)
    const from = inputsOf(node).map((name) => shapes.get(name)!)
    values.set(node.name, node.op === 'input' ? input : evaluate(node, inputs, from, shapes.get(node.name)!, graph))
  }
  return values
}

function evaluate(
  node: Exclude<GraphNode, { op: 'input' }>,
  inputs: Float32Array[],
  shapes: ValueShape[],
  to: ValueShape,
  { weights }: NetworkGraph
): Float32Array {
  const [x, ...others] = inputs
  const from = shapes[0]!
  const channels = from.at(-1)!
  const weight = (key: string | null): Float32Array | null => (key === null ? null : weights.get(key)!.data)
  switch (node.op) {
    case 'relu':
      return x!.map((value) => Math.min(Math.max(value, 0), node.max ?? Infinity))
    case 'activation':
      return activate(node.kind, x!, channels, node.alpha)
    case 'dropout':
    case 'flatten':
      return x!
    case 'add':
      return x!.map((value, index) => others.reduce((sum, other) => sum + other[index]!, value))
    case 'multiply':
      return multiply(inputs, shapes, to)
    case 'concat':
      return concat(inputs, shapes, to)
    case 'affine':
      return x!.map((value, index) => {
        const of = (numbers: number[]): number => numbers[numbers.length === 1 ? 0 : index % channels]!
        return value * of(node.scale) + of(node.offset)
      })
    case 'scale': {
      const gamma = weight(node.gamma)!
      return x!.map((value, index) => value * gamma[index % channels]!)
    }
    case 'layerNorm':
      return layerNorm(x!, channels, weight(node.gamma), weight(node.beta), node.epsilon)
    case 'maxPool':
    case 'averagePool':
      return pool(node, x!, from as Picture, to as Picture)
    case 'batchNorm': {
      const [gamma, beta] = [weight(node.gamma), weight(node.beta)]
      const [mean, variance] = [weight(node.mean)!, weight(node.variance)!]
      return x!.map((value, index) => {
        const c = index % mean.length
        return ((value - mean[c]!) / Math.sqrt(variance[c]! + node.epsilon)) * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0)
      })
    }
    case 'globalAveragePool': {
      const [height, width] = from as Picture
      return Float32Array.from({ length: channels }, (_, channel) => {
        let sum = 0
        for (let place = channel; place < x!.length; place += channels) sum += x![place]!
        return sum / (height * width)
      })
    }
    case 'zeroPad':
      return zeroPad(x!, from as Picture, to as Picture, node.padding)
    case 'dense': {
      const [kernel, bias] = [weight(node.kernel)!, weight(node.bias)]
      const units = to[0]
      return Float32Array.from({ length: units }, (_, unit) =>
        x!.reduce((sum, value, feature) => sum + value * kernel[feature * units + unit]!, bias?.[unit] ?? 0)
      )
    }
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolve(
        node,
        x!,
        from as Picture,
        to as Picture,
        weights.get(node.kernel)!.shape,
        weight(node.kernel)!,
        weight(node.bias)
      )
  }
}

function layerNorm(
  x: Float32Array,
  channels: number,
  gamma: Float32Array | null,
  beta: Float32Array | null,
  epsilon: number
): Float32Array {
  const out = new Float32Array(x.length)
  for (let start = 0; start < x.length; start += channels) {
    const pixel = x.subarray(start, start + channels)
    const mean = pixel.reduce((sum, value) => sum + value, 0) / channels
    const variance = pixel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channels
    pixel.forEach((value, c) => {
      out[start + c] = ((value - mean) / Math.sqrt(variance + epsilon)) * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0)
    })
  }
  return out
}

function multiply(inputs: Float32Array[], shapes: ValueShape[], to: ValueShape): Float32Array {
  const out = new Float32Array(to.reduce((product, side) => product * side, 1)).fill(1)
  inputs.forEach((input, which) => {
    for (let index = 0; index < out.length; index++) out[index]! *= input[broadcastPlace(index, shapes[which]!, to)]!
  })
  return out
}

/** Where in a value of shape `from` lies what broadcasting puts at `index` of shape `to`. */
function broadcastPlace(index: number, from: ValueShape, to: ValueShape): number {
  let [place, step, rest] = [0, 1, index]
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const coordinate = rest % to[axis]!
    rest = Math.floor(rest / to[axis]!)
    if (from[axis] !== 1) place += coordinate * step
    step *= from[axis]!
  }
  return place
}

function concat(inputs: Float32Array[], shapes: ValueShape[], to: ValueShape): Float32Array {
  const channels = to.at(-1)!
  const out = new Float32Array(to.reduce((product, side) => product * side, 1))
  let first = 0
  inputs.forEach((input, which) => {
    const own = shapes[which]!.at(-1)!
    for (let pixel = 0; pixel * own < input.length; pixel++) {
      out.set(input.subarray(pixel * own, (pixel + 1) * own), pixel * channels + first)
    }
    first += own
  })
  return out
}
