/** A network as a row of blocks: what 'unfreeze the last n' counts, and where a network can be split in two. */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph } from './graph'
import { inferShapes, inputsOf, weightKeysOf } from './shapes'
import { cutAt, weightsOf } from './transforms'

export interface Block {
  name: string
  /** Names of its nodes, in the graph's order. */
  nodes: readonly string[]
}

/**
 * Groups neighbouring nodes by the block that their names tell, as `BLOCK_NAMES` has it: what comes before the first block is
 * the stem, what comes after the last the head. Names that tell of no block group by their first part (`b3_expand` → `b3`).
 * Whatever has no weights and a name of its own (the pooling at the end) joins the block before it, and so does a group
 * that could not be cut off, because more than one value crosses its border or it begins after the pooling. The input belongs to no block.
 */
export function listBlocks(graph: NetworkGraph): Block[] {
  const groups: { name: string; nodes: GraphNode[] }[] = []
  const nameOf = blockNames(graph)
  const withWeights = new Set(
    graph.nodes.filter((node) => weightKeysOf(node).length > 0).map((node) => nameOf.get(node.name)!)
  )
  for (const node of graph.nodes) {
    if (node.op === 'input') continue
    const name = nameOf.get(node.name)!
    const current = groups.at(-1)
    // A rescaling before the first weights is the stem's.
    if (current && (current.name === name || !withWeights.has(name))) current.nodes.push(node)
    else if (current && !withWeights.has(current.name)) Object.assign(current, { name }).nodes.push(node)
    else groups.push({ name, nodes: [node] })
  }
  const shapes = inferShapes(graph)
  const canBegin = (node: GraphNode): boolean => {
    const [border, ...others] = entriesOf(graph, node.name)
    return others.length === 0 && shapes.get(border!)!.length === 3
  }
  const blocks: { name: string; nodes: GraphNode[] }[] = []
  for (const group of groups) {
    const previous = blocks.at(-1)
    if (previous && !canBegin(group.nodes[0]!)) previous.nodes.push(...group.nodes)
    else blocks.push(group)
  }
  return blocks.map(({ name, nodes }) => ({ name, nodes: nodes.map((node) => node.name) }))
}

/** How the families that we know name their blocks; the first group of a match is the block's name. */
const BLOCK_NAMES = [
  /** EfficientNet-Lite: b3_dw */
  /^(b\d+)_/,
  /** EfficientNet: block2a_dwconv */
  /^(block\d+[a-z])_/,
  /** MobileNetV2: block_3_expand */
  /^(block_\d+)_/,
  /** MobileNetV2's first and MobileNetV3's: expanded_conv_3_project; 'expanded_conv/project' in older files */
  /^(expanded_conv(?:_\d+)?)[_/]/,
  /** ResNet: conv2_block1_1_conv */
  /^(conv\d+_block\d+)_/,
  /** MobileNet: conv_dw_3 and conv_pw_3 are halves of one block */
  /^conv_(?:dw|pw|pad)_(\d+)/,
  /** ConvNeXt: convnext_tiny_stage_0_block_2_gelu, convnext_tiny_downsampling_conv_0 */
  /(stage_\d+_block_\d+)_/,
  /(downsampling)_[a-z]+_(\d+)/
]

/** Of each node. */
function blockNames(graph: NetworkGraph): Map<string, string> {
  const told = graph.nodes.map(({ name }) => {
    const match = BLOCK_NAMES.map((pattern) => pattern.exec(name)).find((found) => found !== null)
    return (
      match &&
      match
        .slice(1)
        .join('_')
        .replace(/^(?=\d)/, 'block_')
    )
  })
  const [first, last] = [told.findIndex(Boolean), told.findLastIndex(Boolean)]
  return new Map(
    graph.nodes.map((node, index): [string, string] => {
      if (first < 0) return [node.name, firstPart(node.name)]
      if (index < first) return [node.name, 'stem']
      // An activation or a sum without a name of its own, and the auto-named rest, stays with what is before it.
      const before = told.slice(0, index + 1).findLast(Boolean)!
      const tail = index > last && (weightKeysOf(node).length > 0 || hasWeightsBetween(graph, last, index))
      return [node.name, tail ? 'head' : before]
    })
  )
}

const hasWeightsBetween = (graph: NetworkGraph, after: number, before: number): boolean =>
  graph.nodes.slice(after + 1, before).some((node) => weightKeysOf(node).length > 0)

const firstPart = (node: string): string => /^[a-z]+(_?\d+)?/i.exec(node)?.[0] ?? node

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

/** The whole network is the suffix when there are no more blocks than are to be unfrozen. */
export function splitForTraining(
  graph: NetworkGraph,
  blocks: readonly { name: string }[],
  unfreeze: number | 'all'
): SplitNetwork {
  const first = unfreeze === 'all' ? undefined : blocks.at(-unfreeze)
  return first ? splitAtBlock(graph, first.name) : { prefix: null, suffix: graph }
}
