/** A vector as a map of one pixel, which the graph has no operation for: what made the vector makes the map instead. */
import type { GraphNode } from '../graph'
import type { GraphDraft } from './draft'

/**
 * Squeeze-and-excitation blocks pool to [channels], then reshape to [1, 1, channels].
 * @param name of the node that makes the map.
 * @returns null when the vector was made in a way that has no twin over a map.
 */
export function asMap(draft: GraphDraft, vector: string, name: string): string | null {
  const node = draft.node(vector)
  if (node.op === 'globalAveragePool') return draft.push({ ...node, name, keepDims: true })
  if (node.op === 'flatten') {
    const shape = draft.shape(node.input)
    return shape.length === 3 && shape[0] === 1 && shape[1] === 1 ? node.input : null
  }
  if (!isPointwise(node)) return null
  const input = asMap(draft, node.input, draft.freeName(`${name}/${node.name}`))
  if (input === null) return null
  if (node.op !== 'dense') return draft.push({ ...node, name: draft.freeName(name), input })
  const kernel = draft.weights.get(node.kernel)!
  const key = draft.keep(`${node.kernel}/map`, { shape: [1, 1, ...kernel.shape], data: kernel.data })
  return draft.push({
    name: draft.freeName(name),
    op: 'conv2d',
    input,
    kernel: key,
    bias: node.bias,
    strides: [1, 1],
    padding: 'valid',
    dilations: [1, 1]
  })
}

type Pointwise = Extract<
  GraphNode,
  { op: 'dense' | 'relu' | 'activation' | 'affine' | 'batchNorm' | 'layerNorm' | 'scale' | 'dropout' }
>

const isPointwise = (node: GraphNode): node is Pointwise =>
  ['dense', 'relu', 'activation', 'affine', 'batchNorm', 'layerNorm', 'scale', 'dropout'].includes(node.op)
