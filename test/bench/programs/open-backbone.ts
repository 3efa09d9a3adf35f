/** A backbone for a benchmark: one that is kept in a folder, or an architecture with random weights, whose time is the same. */
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures/index'
import { loadBackbone, type LoadedBackbone } from '../../../main/engine/backbones/load-backbone'
import { hashWeights } from '../../../main/engine/backbones/measures'

const EMBEDDED = 'efficientnet-lite0'
/** What the peers call by the family's name. */
const IDS: Record<string, string> = { 'mobilenet-v2': 'mobilenet-v2-1.00' }

export async function openBackbone(directory: string, id: string): Promise<LoadedBackbone> {
  if (id === EMBEDDED) return loadBackbone([directory], id)
  const { name, contract, family, build } = architectureOf(IDS[id] ?? id)
  const graph = build({ weights: randomWeights(1), classes: null })
  const { info } = await loadBackbone([directory], EMBEDDED)
  return {
    // The features of MobileNetV2 are as many as the embedded backbone's; nothing else of the description is read.
    info: { ...info, id, name, family, contract, weightsHash: hashWeights(graph) },
    graph,
    features: graph,
    openFeatures: (executor, ...how) => executor.load(graph, ...how)
  }
}
