/** Which values of a network are rounded to eight bits, and between which bounds. */
import type { GraphNode, NetworkGraph } from '../../graph'
import { inputsOf } from '../../shapes'

/** Of the numbers that a value takes; what lies outside is clipped. */
export interface ValueRange {
  min: number
  max: number
  /** Of each channel. */
  means: Float32Array
}

/** Node → range. */
export type ValueRanges = ReadonlyMap<string, ValueRange>

/** real = scale · (byte − zeroPoint), https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html */
export interface ByteScale {
  scale: number
  zeroPoint: number
}

const isConvolution = (node: GraphNode | undefined): boolean => node?.op === 'conv2d' || node?.op === 'depthwiseConv2d'

/**
 * The values that convolutions read and make, and sums of such. A convolution whose only reader is a ReLU is rounded behind it:
 * the bounds do what the ReLU would do. Everything else stays float32.
 * @param graph batch-norm and padding folded already, as the writer has it
 */
export function quantizedValues(graph: NetworkGraph): string[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const readers = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const input of inputsOf(node)) readers.set(input, [...(readers.get(input) ?? []), node])
  }
  const chosen = new Set<string>()
  for (const node of graph.nodes) {
    const readBy = readers.get(node.name) ?? []
    const makes = isConvolution(node) || (node.op === 'relu' && isConvolution(byName.get(node.input)))
    const hidden = isConvolution(node) && readBy.length === 1 && readBy[0]!.op === 'relu' && graph.output !== node.name
    const sums = node.op === 'add' && node.inputs.every((input) => chosen.has(input))
    if (!hidden && (makes || sums || readBy.some(isConvolution))) chosen.add(node.name)
  }
  return [...chosen]
}

/** How the network takes its pictures in eight bits; null where its input stays float32. */
export function inputScale(graph: NetworkGraph, ranges: ValueRanges): ByteScale | null {
  const range = ranges.get(graph.nodes.find(({ op }) => op === 'input')!.name)
  return range ? byteScale(range) : null
}

/** Zero is a byte of its own, so that padding and ReLU are exact. */
export function byteScale({ min, max }: Pick<ValueRange, 'min' | 'max'>): ByteScale {
  const [low, high] = [Math.min(0, min), Math.max(0, max)]
  // The runtime holds scales as float32: the rounding must be the one that it does.
  const scale = Math.fround(high > low ? (high - low) / 255 : 1)
  return { scale, zeroPoint: Math.round((0 - low) / scale) }
}
