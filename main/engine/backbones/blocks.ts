/** A network as a row of blocks: what 'unfreeze the last n' counts, and where a network can be split in two. */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph } from './graph'
import { inferShapes, inputsOf } from './shapes'
import { cutAt, weightsOf } from './transforms'

export interface Block {
  name: string
  /** Names of its nodes, in the graph's order. */
  nodes: readonly string[]
}

/**
 * Groups neighbouring nodes by the first part of their names (`b3_expand` → `b3`, `block_3_project` → `block_3`). Whatever has
 * no weights and a name of its own (the pooling at the end) joins the block before it, and so does a group that could not
 * be cut off, because more than one value crosses its border. The input belongs to no block.
 */
export function listBlocks(graph: NetworkGraph): Block[] {
  const groups: { name: string; nodes: GraphNode[] }[] = []
  for (const node of graph.nodes) {
    if (node.op === 'input') continue
    const name = blockName(node.name)
    const current = groups.at(-1)
    if (current && (current.name === name || !hasOwnWeights(graph, name))) current.nodes.push(node)
    else groups.push({ name, nodes: [node] })
  }
  const blocks: { name: string; nodes: GraphNode[] }[] = []
  for (const group of groups) {
    const previous = blocks.at(-1)
    if (previous && entriesOf(graph, group.nodes[0]!.name).size !== 1) previous.nodes.push(...group.nodes)
    else blocks.push(group)
  }
  return blocks.map(({ name, nodes }) => ({ name, nodes: nodes.map((node) => node.name) }))
}

const blockName = (node: string): string => /^[a-z]+(_?\d+)?/i.exec(node)?.[0] ?? node

const hasOwnWeights = (graph: NetworkGraph, name: string): boolean =>
  graph.nodes.some((node) => blockName(node.name) === name && weightsOf([node], graph.weights).size > 0)

/** Values made before `firstNode` that it or anything after it reads. */
function entriesOf(graph: NetworkGraph, firstNode: string): Set<string> {
  const start = graph.nodes.findIndex((node) => node.name === firstNode)
  const before = new Set(graph.nodes.slice(0, start).map((node) => node.name))
  return new Set(
    graph.nodes
      .slice(start)
      .flatMap(inputsOf)
      .filter((name) => before.has(name))
  )
}

export interface SplitNetwork {
  /** Up to the block; null when the block is the first. Its output is what the suffix takes in. */
  prefix: NetworkGraph | null
  /** The block and all after it. Its input node has the name of the prefix's output. */
  suffix: NetworkGraph
}

/** @throws StudioError backbone/corrupt when there is no block of that name. */
export function splitAtBlock(graph: NetworkGraph, block: string): SplitNetwork {
  const blocks = listBlocks(graph)
  const index = blocks.findIndex(({ name }) => name === block)
  if (index < 0) throw new StudioError('backbone/corrupt', `'${graph.name}' has no block '${block}'.`, { block })
  if (index === 0) return { prefix: null, suffix: graph }
  const first = blocks[index]!.nodes[0]!
  const [border] = [...entriesOf(graph, first)]
  const [height, width, channels] = inferShapes(graph).get(border!)!
  if (width === undefined || channels === undefined) {
    throw new StudioError(
      'backbone/corrupt',
      `Block '${block}' begins after the pooling; a network is split before it.`
    )
  }
  const rest = graph.nodes.slice(graph.nodes.findIndex((node) => node.name === first))
  return {
    prefix: cutAt(graph, border!),
    suffix: {
      name: graph.name,
      nodes: [{ name: border!, op: 'input', height, width, channels }, ...rest],
      output: graph.output,
      weights: weightsOf(rest, graph.weights)
    }
  }
}
