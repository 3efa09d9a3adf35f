/** The end of a backbone that a fine-tune changes. */
import type { FineTuneConfig } from '@shared/domain/training-config'
import { listBlocks, splitAtBlock } from '../backbones/blocks'
import type { NetworkGraph } from '../backbones/graph'

export function learningPart(graph: NetworkGraph, unfreeze: FineTuneConfig['unfreeze']): NetworkGraph {
  const first = unfreeze === 'all' ? undefined : listBlocks(graph).at(-unfreeze)
  return first ? splitAtBlock(graph, first.name).suffix : graph
}
