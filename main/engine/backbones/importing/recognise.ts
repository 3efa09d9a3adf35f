/** Whether layers that were read from a file are one of the built-in architectures, under whatever name. */
import type { Executor } from '../../executors/executor'
import { ARCHITECTURES, type Architecture } from '../architectures'
import { featureExtractor } from '../feature-extractor'
import type { NetworkGraph } from '../graph'
import { inferShapes } from '../shapes'
import { checkTwin } from '../twin/check-twin'
import { findTwin } from '../twin/find-twin'

/** No contract: only that both routes get the same, of a size that every network's first layer takes. */
const RANGE = [-1, 1] as const

/**
 * Its weights have to fill the architecture, and both have to have the same features: names and shapes alone do not make them the
 * same network. The top, where there is one, may be any.
 *
 * @param executor runs both
 */
export async function recognise(graph: NetworkGraph, executor: Executor): Promise<Architecture | null> {
  const features = featuresOf(graph)
  if (!features) return null
  const tensors = [...features.weights].map(([name, { shape, data }]) => ({ name, shape, floats: async () => data }))
  const input = features.nodes.find((node) => node.op === 'input')
  const twin = await findTwin(tensors, { size: input?.op === 'input' ? input.height : null })
  if (!twin.graph) return null
  const network = await executor.load(features)
  try {
    const { passed } = await checkTwin(network, twin.graph, executor, RANGE)
    return passed ? (ARCHITECTURES.find(({ id }) => id === twin.architecture) ?? null) : null
  } finally {
    await network.dispose()
  }
}

/** Null where there are none to end at: what comes after says so. */
function featuresOf(graph: NetworkGraph): NetworkGraph | null {
  try {
    const features = featureExtractor(graph)
    return inferShapes(features).get(features.output)?.length === 1 ? features : null
  } catch {
    return null
  }
}
