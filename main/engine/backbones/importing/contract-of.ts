/** What a foreign model was trained to see: known from its architecture, or tried out. */
import type { Provenance } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { Architecture } from '../architectures/architecture'
import { isAlike } from '../contract-proposal/known-contracts'
import { proposeContract } from '../contract-proposal/propose'
import type { NetworkGraph } from '../graph'
import { knownFrom } from './from-architecture'
import type { OpaqueModel } from './opaque-files'

export interface FoundContract {
  contract: PreprocessingContract
  contractOrigin: Provenance['contract']
}

/** Below this, what was measured speaks for none of the contracts that were tried. */
const LEAST = 0.2

/** The architecture's own, at the size that the file takes. */
export function contractFrom(architecture: Architecture, size: number): FoundContract {
  const { contract, contractOrigin } = knownFrom(architecture)
  return { contract: { ...contract, size }, contractOrigin }
}

/**
 * What the layers themselves remember of their training comes first: a network of a known architecture may have been trained on other
 * values than the published one.
 *
 * @param executor runs the layers
 * @param recognised the architecture that they are, where they are one
 */
export async function proposeForGraph(
  graph: NetworkGraph,
  size: number,
  executor: Executor,
  recognised: Architecture | null
): Promise<FoundContract> {
  const proposals = await proposeContract({ graph, executor, size })
  const found = best(proposals)
  if (!recognised) return found
  const known = contractFrom(recognised, size)
  const measured = proposals[0]!.score !== null && proposals[0]!.certainty >= LEAST
  // Of two that cannot be told apart by their values, the architecture's has the filter of its pictures, too.
  if (measured) return isAlike(found.contract, known.contract) ? { ...found, contract: known.contract } : found
  const reason = `Nothing in its weights speaks for another than that of the published ${recognised.name}.`
  return { ...known, contractOrigin: { ...known.contractOrigin, reason } }
}

/**
 * By custom, and the reason says that it is a guess. No pictures are tried: an open model ends in features where the file has them,
 * and only class scores could be judged.
 * @param network the model itself, open; not disposed of
 */
export async function proposeForOpaque(
  { form, ports, size }: OpaqueModel,
  network: FrozenNetwork,
  executor: Executor
): Promise<FoundContract> {
  return best(await proposeContract({ graph: null, executor, size, network, form, layout: ports.layout }))
}

function best([first]: Awaited<ReturnType<typeof proposeContract>>): FoundContract {
  const { contract, certainty, reason } = first!
  return { contract, contractOrigin: { from: 'proposed', certainty, reason } }
}
