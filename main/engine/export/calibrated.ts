/** A network whose softmax gives calibrated probabilities by itself. */
import { StudioError } from '@shared/errors'
import type { NetworkGraph, WeightTensor } from '../backbones/graph'

/**
 * The temperature is divided into the last layer: (Wx + b)/T is (W/T)x + b/T. Whoever loads the model needs no step of their own,
 * and the order of the classes stays.
 *
 * @param graph ends in the logits of a dense layer
 * @throws StudioError export/unsupported-layer where it ends in anything else
 */
export function withTemperature(graph: NetworkGraph, temperature: number): NetworkGraph {
  if (temperature === 1) return graph
  const head = graph.nodes.find(({ name }) => name === graph.output)
  if (head?.op !== 'dense') {
    const message = `The temperature of '${graph.name}' cannot be kept: its last layer, '${graph.output}', is no dense one.`
    throw new StudioError('export/unsupported-layer', message, { layer: graph.output })
  }
  const divided = ({ shape, data }: WeightTensor): WeightTensor => ({
    shape,
    data: data.map((value) => value / temperature)
  })
  const weights = new Map(graph.weights)
  for (const key of [head.kernel, head.bias]) if (key !== null) weights.set(key, divided(weights.get(key)!))
  return { ...graph, weights }
}
