/**
 * A finished run's checkpoint: `head.kernel` [features, classes] and `head.bias` [classes], and the backbone's tensors that
 * fine-tuning changed, named `backbone/KEY` after their keys in the graph.
 */
import { readFile } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import { decodeSafetensors, type SafeTensor } from '@shared/formats/safetensors'
import type { NetworkGraph, WeightTensor } from '../backbones/graph'
import { inferShapes } from '../backbones/shapes'

export const HEAD_KERNEL = 'head.kernel'
export const HEAD_BIAS = 'head.bias'
export const BACKBONE_PREFIX = 'backbone/'

/** Name of the dense layer that a checkpoint adds, and of its weights in the graph: `head/kernel`, `head/bias`. */
const HEAD_NODE = 'head'

/** @throws StudioError run/no-checkpoint when the file cannot be read, backbone/corrupt when it is damaged */
export async function readCheckpoint(file: string): Promise<Map<string, SafeTensor>> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw new StudioError(
      'run/no-checkpoint',
      `The checkpoint '${file}' cannot be read: ${(error as Error).message}.`,
      {
        file
      }
    )
  }
  return decodeSafetensors(bytes).tensors
}

/**
 * @param features the backbone's graph up to the pooled features, batch-norm not folded.
 * @param tensors a checkpoint's; those of its own that this does not know are an error.
 * @returns a graph that ends in the head's logits. The softmax is left to whoever shows them.
 * @throws StudioError backbone/corrupt when a tensor is missing, unknown, or of another shape than the graph's
 */
export function applyCheckpoint(features: NetworkGraph, tensors: ReadonlyMap<string, SafeTensor>): NetworkGraph {
  const weights = new Map(features.weights)
  for (const [name, tensor] of tensors) {
    if (name === HEAD_KERNEL || name === HEAD_BIAS) continue
    const key = name.startsWith(BACKBONE_PREFIX) ? name.slice(BACKBONE_PREFIX.length) : null
    if (key === null || !weights.has(key)) throw corrupt(`holds '${name}', which the backbone does not know`)
    weights.set(key, floats(name, tensor))
  }
  const { kernel, bias } = readHead(tensors)
  const name = freeName(features, HEAD_NODE)
  weights.set(`${name}/kernel`, kernel).set(`${name}/bias`, bias)
  const graph: NetworkGraph = {
    name: features.name,
    nodes: [
      ...features.nodes,
      { name, op: 'dense', input: features.output, kernel: `${name}/kernel`, bias: `${name}/bias` }
    ],
    output: name,
    weights
  }
  inferShapes(graph)
  return graph
}

/** Kernel [features, classes] and bias [classes]. @throws StudioError backbone/corrupt when one is missing */
export function readHead(tensors: ReadonlyMap<string, SafeTensor>): { kernel: WeightTensor; bias: WeightTensor } {
  const [kernel, bias] = [HEAD_KERNEL, HEAD_BIAS].map((name) => {
    const tensor = tensors.get(name)
    if (!tensor) throw corrupt(`has no '${name}'`)
    return floats(name, tensor)
  })
  return { kernel: kernel!, bias: bias! }
}

function floats(name: string, { shape, data }: SafeTensor): WeightTensor {
  if (!(data instanceof Float32Array)) throw corrupt(`holds '${name}' as integers`)
  return { shape, data }
}

/** A backbone may have a node of that name. */
function freeName(graph: NetworkGraph, wanted: string): string {
  const taken = new Set(graph.nodes.map((node) => node.name))
  let name = wanted
  while (taken.has(name)) name += '_'
  return name
}

const corrupt = (why: string): StudioError =>
  new StudioError('backbone/corrupt', `The checkpoint does not fit: it ${why}.`)
