/** What a foreign model was trained to see: known from its architecture, or tried out. */
import type { Provenance } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { Architecture } from '../architectures/architecture'
import { proposeContract } from '../contract-proposal/propose'
import type { NetworkGraph } from '../graph'
import { knownFrom } from './from-architecture'
import type { OpaqueModel } from './opaque-files'

export interface FoundContract {
  contract: PreprocessingContract
  contractOrigin: Provenance['contract']
}

/** The architecture's own, at the size that the file takes. */
export function contractFrom(architecture: Architecture, size: number): FoundContract {
  const { contract, contractOrigin } = knownFrom(architecture)
  return { contract: { ...contract, size }, contractOrigin }
}

/** @param executor runs the layers */
export async function proposeForGraph(graph: NetworkGraph, size: number, executor: Executor): Promise<FoundContract> {
  return best(await proposeContract({ graph, executor, size }))
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
