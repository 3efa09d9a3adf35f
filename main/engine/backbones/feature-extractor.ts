/** Where a network's features end and its top begins. */
import type { GraphNode, NetworkGraph } from './graph'
import { inferShapes, inputsOf, type ValueShape } from './shapes'
import { cutAt } from './transforms'

/**
 * From the picture to a row of features: all that comes before the last linear layer, which is what a head takes the place of.
 * That is the pooling itself in most networks, the layer norm after it in ConvNeXt, the wide layer after it in MobileNetV3. A
 * network without a top ends in its pooling; one that ends in a map gets one.
 * @throws StudioError backbone/corrupt when the network does not fit together
 */
export function featureExtractor(graph: NetworkGraph): NetworkGraph {
  const shapes = inferShapes(graph)
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const top = topLayer(graph, byName, shapes)
  return asRow(cutAt(graph, top ? skipping(SHAPING, inputsOf(top)[0]!, byName) : graph.output), shapes)
}

/** Layers that leave the numbers alone. */
const SHAPING = new Set<GraphNode['op']>(['dropout', 'flatten'])

function skipping(ops: ReadonlySet<GraphNode['op']>, name: string, byName: Map<string, GraphNode>): string {
  const node = byName.get(name)!
  return ops.has(node.op) ? skipping(ops, inputsOf(node)[0]!, byName) : name
}

/** The dense layer, or the convolution over a single pixel, that nothing but a softmax follows. */
function topLayer(
  graph: NetworkGraph,
  byName: Map<string, GraphNode>,
  shapes: Map<string, ValueShape>
): GraphNode | null {
  let node = byName.get(skipping(SHAPING, graph.output, byName))!
  if (node.op === 'activation' && (node.kind === 'softmax' || node.kind === 'sigmoid')) {
    node = byName.get(skipping(SHAPING, node.input, byName))!
  }
  if (node.op === 'dense') return node
  return node.op === 'conv2d' && isPixel(shapes.get(node.name)!) && isPixel(shapes.get(node.input)!) ? node : null
}

const isPixel = (shape: ValueShape): boolean => shape.length === 3 && shape[0] === 1 && shape[1] === 1

/** A single pixel is flattened, a map pooled. */
function asRow(graph: NetworkGraph, shapes: Map<string, ValueShape>): NetworkGraph {
  const shape = shapes.get(graph.output)!
  if (shape.length === 1) return graph
  const last = graph.nodes.find((node) => node.name === graph.output)!
  // A pooling that keeps its dimensions is the same pooling without them.
  if (last.op === 'globalAveragePool') {
    const nodes = graph.nodes.map((node) => (node === last ? { ...last, keepDims: false } : node))
    return { ...graph, nodes }
  }
  const name = `${graph.output}/row`
  const row: GraphNode = isPixel(shape)
    ? { name, op: 'flatten', input: graph.output }
    : { name, op: 'globalAveragePool', input: graph.output, keepDims: false }
  return { ...graph, nodes: [...graph.nodes, row], output: name }
}
