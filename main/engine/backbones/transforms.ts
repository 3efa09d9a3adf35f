/** Networks made from networks. Every function gives a new graph; weights that did not change are shared with the old one. */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph, Padding, WeightTensor } from './graph'
import { inputsOf, weightKeysOf } from './shapes'

/** The part of a network that `output` needs, and nothing else. @throws StudioError backbone/corrupt: no such node. */
export function cutAt(graph: NetworkGraph, output: string): NetworkGraph {
  const needed = new Set([output])
  const nodes: GraphNode[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name)) continue
    nodes.unshift(node)
    for (const input of inputsOf(node)) needed.add(input)
  }
  if (nodes.at(-1)?.name !== output)
    throw new StudioError('backbone/corrupt', `'${graph.name}' has no node '${output}'.`)
  return { name: graph.name, nodes, output, weights: weightsOf(nodes, graph.weights) }
}

/** The same network for square pictures of another size: convolutions and global pooling take any. */
export function withInputSize(graph: NetworkGraph, size: number): NetworkGraph {
  const nodes = graph.nodes.map((node) => (node.op === 'input' ? { ...node, height: size, width: size } : node))
  return { ...graph, nodes }
}

/** Only those weights that `nodes` read, in the order in which they read them. */
export function weightsOf(nodes: readonly GraphNode[], weights: Map<string, WeightTensor>): Map<string, WeightTensor> {
  return new Map(nodes.flatMap(weightKeysOf).map((key) => [key, weights.get(key)!]))
}

/**
 * Batch-norm in inference mode is an affine map for each channel; a convolution before it can take it in:
 * kernel · γ/√(σ² + ε), bias (b − μ) · γ/√(σ² + ε) + β. The folded convolution takes the batch-norm's name, so consumers stay as
 * they are. A batch-norm that follows anything else, or a convolution that something else reads as well, is left alone.
 */
export function foldBatchNorm(graph: NetworkGraph): NetworkGraph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const readers = countReaders(graph)
  const weights = new Map(graph.weights)
  const absorbed = new Set<string>()
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op !== 'batchNorm') return node
    const convolution = byName.get(node.input)
    if (convolution?.op !== 'conv2d' && convolution?.op !== 'depthwiseConv2d') return node
    if (readers.get(convolution.name) !== 1) return node
    absorbed.add(convolution.name)
    const [kernel, bias] = [`${node.name}/folded_kernel`, `${node.name}/folded_bias`]
    const { scale, offset } = affineOf(node, graph.weights)
    const folded = graph.weights.get(convolution.kernel)!
    weights.set(kernel, { shape: folded.shape, data: scaleChannels(folded, scale, convolution.op === 'conv2d') })
    const before = convolution.bias === null ? null : graph.weights.get(convolution.bias)!.data
    weights.set(bias, { shape: [scale.length], data: offset.map((value, c) => value + (before?.[c] ?? 0) * scale[c]!) })
    return { ...convolution, name: node.name, kernel, bias }
  })
  const kept = nodes.filter((node) => !absorbed.has(node.name))
  return { ...graph, nodes: kept, weights: weightsOf(kept, weights) }
}

/**
 * Zeros around a map that only a 'valid' convolution reads are the convolution's own padding. The same goes for a maximum over what is nowhere below zero,
 * where a padding of nothing and one of zeros agree.
 */
export function foldPadding(graph: NetworkGraph): NetworkGraph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const readers = countReaders(graph)
  const absorbed = new Set<string>()
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op !== 'conv2d' && node.op !== 'depthwiseConv2d' && node.op !== 'maxPool') return node
    const border = byName.get(node.input)
    if (border?.op !== 'zeroPad' || node.padding !== 'valid' || readers.get(border.name) !== 1) return node
    if (node.op === 'maxPool' && !(isPositive(byName.get(border.input)) && reaches(node.size, border.padding)))
      return node
    absorbed.add(border.name)
    return { ...node, input: border.input, padding: border.padding }
  })
  return { ...graph, nodes: nodes.filter((node) => !absorbed.has(node.name)) }
}

/** How many nodes read each value; the graph's output has a reader outside. */
function countReaders(graph: NetworkGraph): Map<string, number> {
  const readers = new Map<string, number>([[graph.output, 1]])
  for (const node of graph.nodes) for (const name of inputsOf(node)) readers.set(name, (readers.get(name) ?? 0) + 1)
  return readers
}

const isPositive = (node: GraphNode | undefined): boolean => node?.op === 'relu'

/** Whether every window of that size holds a pixel that is not padding. */
const reaches = ([height, width]: [number, number], padding: Exclude<Padding, string>): boolean =>
  Math.max(padding.top, padding.bottom) < height && Math.max(padding.left, padding.right) < width

/** Batch-norm in inference mode as scale · x + offset, for each channel. */
function affineOf(
  node: Extract<GraphNode, { op: 'batchNorm' }>,
  weights: Map<string, WeightTensor>
): { scale: Float32Array; offset: Float32Array } {
  const mean = weights.get(node.mean)!.data
  const variance = weights.get(node.variance)!.data
  const gamma = node.gamma === null ? null : weights.get(node.gamma)!.data
  const beta = node.beta === null ? null : weights.get(node.beta)!.data
  const scale = variance.map((value, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(value + node.epsilon))
  return { scale, offset: mean.map((value, channel) => (beta?.[channel] ?? 0) - value * scale[channel]!) }
}

/** Kernels end in the axis that counts output channels: [h, w, in, out], or together in [h, w, channels, multiplier]. */
function scaleChannels({ shape, data }: WeightTensor, scale: Float32Array, dense: boolean): Float32Array {
  const channels = dense ? shape[3]! : shape[2]! * shape[3]!
  return data.map((value, index) => value * scale[index % channels]!)
}
