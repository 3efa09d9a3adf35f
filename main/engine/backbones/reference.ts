/**
 * The network computed the slow and obvious way, one node after the other as the layers are defined, in float64 sums: what
 * the executors are checked against. Nothing is folded, fused or blocked here on purpose.
 */
import type { GraphNode, NetworkGraph } from './graph'
import { inferShapes, inputsOf, padAmounts, type ValueShape } from './shapes'

type Windowed = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>
type Picture = [height: number, width: number, channels: number]

/**
 * @param input NHWC, one picture.
 * @returns the output of one picture.
 */
export function interpret(graph: NetworkGraph, input: Float32Array): Float32Array {
  const shapes = inferShapes(graph)
  const values = new Map<string, Float32Array>()
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((name) => values.get(name)!)
    const inputShape = shapes.get(inputsOf(node)[0] ?? node.name)!
    values.set(
      node.name,
      node.op === 'input' ? input : evaluate(node, inputs, inputShape, shapes.get(node.name)!, graph)
    )
  }
  return values.get(graph.output)!
}

function evaluate(
  node: Exclude<GraphNode, { op: 'input' }>,
  [x, ...others]: Float32Array[],
  from: ValueShape,
  to: ValueShape,
  { weights }: NetworkGraph
): Float32Array {
  const weight = (key: string | null): Float32Array | null => (key === null ? null : weights.get(key)!.data)
  switch (node.op) {
    case 'relu':
      return x!.map((value) => Math.min(Math.max(value, 0), node.max ?? Infinity))
    case 'dropout':
      return x!
    case 'add':
      return x!.map((value, index) => others.reduce((sum, other) => sum + other[index]!, value))
    case 'batchNorm': {
      const [gamma, beta] = [weight(node.gamma), weight(node.beta)]
      const [mean, variance] = [weight(node.mean)!, weight(node.variance)!]
      return x!.map((value, index) => {
        const c = index % mean.length
        return ((value - mean[c]!) / Math.sqrt(variance[c]! + node.epsilon)) * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0)
      })
    }
    case 'globalAveragePool': {
      const [height, width, channels] = from as Picture
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

function zeroPad(
  x: Float32Array,
  [height, width, channels]: Picture,
  [outHeight, outWidth]: Picture,
  { top, left }: { top: number; left: number }
): Float32Array {
  const out = new Float32Array(outHeight * outWidth * channels)
  for (let row = 0; row < height; row++) {
    out.set(
      x.subarray(row * width * channels, (row + 1) * width * channels),
      ((row + top) * outWidth + left) * channels
    )
  }
  return out
}

function convolve(
  node: Windowed,
  x: Float32Array,
  [height, width, channels]: Picture,
  [outHeight, outWidth, outChannels]: Picture,
  kernelShape: number[],
  kernel: Float32Array,
  bias: Float32Array | null
): Float32Array {
  const [kernelHeight, kernelWidth, , last] = kernelShape as [number, number, number, number]
  const pads = padAmounts(height, width, { ...node, kernel: [kernelHeight, kernelWidth] })
  const out = new Float32Array(outHeight * outWidth * outChannels)
  const sums = new Float64Array(outChannels)
  for (let outY = 0; outY < outHeight; outY++) {
    for (let outX = 0; outX < outWidth; outX++) {
      if (bias) sums.set(bias)
      else sums.fill(0)
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = outY * node.strides[0] + ky * node.dilations[0] - pads.top
        if (y < 0 || y >= height) continue
        for (let kx = 0; kx < kernelWidth; kx++) {
          const column = outX * node.strides[1] + kx * node.dilations[1] - pads.left
          if (column < 0 || column >= width) continue
          const pixel = (y * width + column) * channels
          const tap = (ky * kernelWidth + kx) * channels * last
          for (let c = 0; c < channels; c++) {
            // A channel of a depthwise convolution feeds its own `last` outputs, one of a plain one feeds them all.
            const first = node.op === 'conv2d' ? 0 : c * last
            for (let o = 0; o < last; o++) sums[first + o]! += x[pixel + c]! * kernel[tap + c * last + o]!
          }
        }
      }
      out.set(sums, (outY * outWidth + outX) * outChannels)
    }
  }
  return out
}
