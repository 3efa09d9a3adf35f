/** A network in two: up to its last feature map, and what makes class scores of that map. */
import type { GraphNode, NetworkGraph } from '../../backbones/graph'
import { inferShapes, inputsOf } from '../../backbones/shapes'
import { cutAt, weightsOf } from '../../backbones/transforms'

export interface SplitNetwork {
  /** From the picture to the map, [height, width, channels]. */
  body: NetworkGraph
  /** From the map, which is its input, to the scores. */
  tail: NetworkGraph
}

/**
 * The last map that has places to tell apart and that everything after it goes through: the last convolution's, with the norm and
 * activation behind it, just before the pooling. A branch that is pooled early, such as a squeeze-and-excitation gate, joins
 * the map again before that.
 * @returns null when there is no such map
 * @throws StudioError backbone/corrupt when the graph does not fit together
 */
export function splitAtLastMap(graph: NetworkGraph): SplitNetwork | null {
  const { nodes, weights } = cutAt(graph, graph.output)
  const shapes = inferShapes({ ...graph, nodes })
  const place = new Map(nodes.map(({ name }, index) => [name, index]))
  const lastReader = nodes.map((_, index) => index)
  nodes.forEach((node, index) => {
    for (const name of inputsOf(node)) lastReader[place.get(name)!] = index
  })
  let cut: GraphNode | null = null
  // How far what came before is still read.
  let reach = 0
  for (const [index, node] of nodes.entries()) {
    const shape = shapes.get(node.name)!
    const isMap = shape.length === 3 && shape[0] * shape[1] > 1
    if (isMap && node.op !== 'input' && reach <= index) cut = node
    reach = Math.max(reach, lastReader[index]!)
  }
  return cut && halves({ ...graph, nodes, weights }, cut, shapes.get(cut.name) as Picture)
}

type Picture = [height: number, width: number, channels: number]

function halves(graph: NetworkGraph, { name }: GraphNode, [height, width, channels]: Picture): SplitNetwork {
  const body = cutAt(graph, name)
  const before = new Set(body.nodes.map((node) => node.name))
  const rest = graph.nodes.filter((node) => !before.has(node.name))
  const nodes: GraphNode[] = [{ name, op: 'input', height, width, channels }, ...rest]
  return { body, tail: { name: graph.name, nodes, output: graph.output, weights: weightsOf(nodes, graph.weights) } }
}
