/** What a network weighs and costs, and the hash that names its weights. */
import { createHash } from 'node:crypto'
import type { NetworkGraph } from './graph'
import { inferShapes } from './shapes'

/** Numbers in all weights, batch-norm's statistics included. */
export function countParameters(graph: NetworkGraph): number {
  return [...graph.weights.values()].reduce((sum, { data }) => sum + data.length, 0)
}

/** Multiply-adds of the convolutions and dense layers for one picture, as papers count them: gates, norms and sums are left out. */
export function countMultiplyAdds(graph: NetworkGraph): number {
  const shapes = inferShapes(graph)
  return graph.nodes.reduce((sum, node) => {
    if (node.op !== 'conv2d' && node.op !== 'depthwiseConv2d' && node.op !== 'dense') return sum
    const kernel = graph.weights.get(node.kernel)!
    const [height, width] = shapes.get(node.name)!
    return sum + kernel.data.length * (width === undefined ? 1 : height! * width)
  }, 0)
}

/** SHA-256 over key, shape and float32 bytes of every weight in the order of the keys, hexadecimal. */
export function hashWeights(graph: NetworkGraph): string {
  const hash = createHash('sha256')
  for (const key of [...graph.weights.keys()].sort()) {
    const { shape, data } = graph.weights.get(key)!
    hash.update(`${key}[${shape}]`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
