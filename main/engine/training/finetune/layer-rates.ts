/** Learning rates that fall from block to block, towards the picture. */
import type { NetworkGraph } from '../../backbones/graph'
import { weightKeysOf } from '../../backbones/shapes'
import type { TrainableBlock } from '../finetune-contract'

/** What block the weight of a key belongs to; of one that is in none, the first part of its key. */
export function blockNames(graph: NetworkGraph, blocks: readonly TrainableBlock[]): (key: string) => string {
  const blockOf = new Map(blocks.flatMap(({ name, nodes }) => nodes.map((node) => [node, name] as const)))
  const names = new Map<string, string>()
  for (const node of graph.nodes) {
    const block = blockOf.get(node.name)
    if (block) for (const key of weightKeysOf(node)) names.set(key, block)
  }
  return (key) => names.get(key) ?? key.split('/')[0]!
}

/**
 * The last block learns at `decay` times the rate, the one before at decay², and so on (Howard & Ruder 2018, section 3.1;
 * Clark et al. 2020, who call it layer-wise decay). The head learns at the rate itself.
 *
 * @param graph whose weights are asked for; its nodes are among those of the blocks.
 * @returns the share by the key of a weight.
 */
export function layerRates(
  graph: NetworkGraph,
  blocks: readonly TrainableBlock[],
  decay: number
): (key: string) => number {
  if (decay === 1) return () => 1
  const blockOf = new Map(blocks.flatMap(({ nodes }, index) => nodes.map((node) => [node, index] as const)))
  const shares = new Map<string, number>()
  for (const node of graph.nodes) {
    const index = blockOf.get(node.name) ?? 0
    for (const key of weightKeysOf(node)) shares.set(key, decay ** (blocks.length - index))
  }
  return (key) => shares.get(key) ?? 1
}
