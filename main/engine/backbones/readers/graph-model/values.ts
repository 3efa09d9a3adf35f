/** What flows in a GraphDef: values of the network, and constants. */
import type { WeightTensor } from '../../graph'
import type { GraphDraft } from '../draft'
import type { GraphDefNode } from './node'

export type Value = { node: string } | { constant: WeightTensor }

/** One node with what it reads, and where its result goes. */
export interface Operation {
  node: GraphDefNode
  inputs: Value[]
  draft: GraphDraft
  /** Fit for a node of the graph. */
  name: string
  /** How many nodes read the input of this number. */
  readers(index: number): number
}

export type Handler = (operation: Operation) => Value

/** @throws StudioError backbone/unsupported-layer when it is a constant, or missing */
export function flowing({ node, inputs }: Operation, index = 0): string {
  const value = inputs[index]
  if (value && 'node' in value) return value.node
  throw node.unsupported(`its input ${index} is ${value ? 'a constant' : 'missing'}`)
}

/** @throws StudioError backbone/unsupported-layer when it is computed, or missing */
export function constant({ node, inputs }: Operation, index: number): WeightTensor {
  const value = inputs[index]
  if (value && 'constant' in value) return value.constant
  throw node.unsupported(`its input ${index} is ${value ? 'computed while it runs' : 'missing'}`)
}

/** Most numbers that a shape, an axis list or a padding has. */
const MAX_INTEGERS = 64

export function integers(operation: Operation, index: number): number[] {
  const { data } = constant(operation, index)
  if (data.length > MAX_INTEGERS) throw operation.node.unsupported(`its input ${index} has ${data.length} numbers`)
  return [...data]
}

/** A number, or one for each channel: every side but the last must be 1. */
export function perChannel(operation: Operation, { shape, data }: WeightTensor, value: string): number[] {
  const channels = operation.draft.shape(value).at(-1)!
  const fits = shape.slice(0, -1).every((side) => side === 1) && [1, channels].includes(data.length)
  if (!fits) throw operation.node.unsupported(`its constant is [${shape}], not a number for each channel`)
  return [...data]
}

/** Rank with the batch. */
export const rankOf = ({ draft }: Operation, value: string): number => draft.shape(value).length + 1
