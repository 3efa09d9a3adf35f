/**
 * A finished run's checkpoint: `head.kernel` [features, classes] and `head.bias` [classes]; with a hidden ReLU layer
 * `head.hidden.kernel` [features, units] and `head.hidden.bias` [units], and a kernel [units, classes]; and the backbone's tensors that
 * fine-tuning changed, named `backbone/KEY` after their keys in the graph.
 */
import { readFile } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import { decodeSafetensors, type SafeTensor } from '@shared/formats/safetensors'
import type { NetworkGraph, WeightTensor } from '../backbones/graph'
import { inferShapes } from '../backbones/shapes'

export const HEAD_KERNEL = 'head.kernel'
export const HEAD_BIAS = 'head.bias'
/** Of heads with a hidden layer only. */
export const HIDDEN_KERNEL = 'head.hidden.kernel'
export const HIDDEN_BIAS = 'head.hidden.bias'
const HEAD_TENSORS = new Set([HEAD_KERNEL, HEAD_BIAS, HIDDEN_KERNEL, HIDDEN_BIAS])
export const BACKBONE_PREFIX = 'backbone/'

/** Name of the dense layer that a checkpoint adds, and of its weights in the graph: `head/kernel`, `head/bias`. */
const HEAD_NODE = 'head'
const HIDDEN_NODE = 'head_hidden'

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
    if (HEAD_TENSORS.has(name)) continue
    const key = name.startsWith(BACKBONE_PREFIX) ? name.slice(BACKBONE_PREFIX.length) : null
    if (key === null || !weights.has(key)) throw corrupt(`holds '${name}', which the backbone does not know`)
    weights.set(key, floats(name, tensor))
  }
  const graph = withLayers({ ...features, weights }, readHead(tensors))
  inferShapes(graph)
  return graph
}

/** The graph with the head's layers behind it. */
function withLayers(graph: NetworkGraph, { kernel, bias, hidden }: HeadTensors): NetworkGraph {
  const nodes = [...graph.nodes]
  const weights = new Map(graph.weights)
  let last = graph.output
  const add = (wanted: string, layer: DenseTensors): void => {
    const name = freeName(graph, wanted)
    weights.set(`${name}/kernel`, layer.kernel).set(`${name}/bias`, layer.bias)
    nodes.push({ name, op: 'dense', input: last, kernel: `${name}/kernel`, bias: `${name}/bias` })
    last = name
  }
  if (hidden) {
    add(HIDDEN_NODE, hidden)
    const name = freeName(graph, `${HIDDEN_NODE}_relu`)
    nodes.push({ name, op: 'relu', max: null, input: last })
    last = name
  }
  add(HEAD_NODE, { kernel, bias })
  return { name: graph.name, nodes, output: last, weights }
}

interface DenseTensors {
  kernel: WeightTensor
  bias: WeightTensor
}

export interface HeadTensors extends DenseTensors {
  hidden: DenseTensors | null
}

/** @throws StudioError backbone/corrupt when one is missing */
export function readHead(tensors: ReadonlyMap<string, SafeTensor>): HeadTensors {
  const hidden = tensors.has(HIDDEN_KERNEL) ? readDense(tensors, HIDDEN_KERNEL, HIDDEN_BIAS) : null
  return { ...readDense(tensors, HEAD_KERNEL, HEAD_BIAS), hidden }
}

function readDense(tensors: ReadonlyMap<string, SafeTensor>, ...names: [kernel: string, bias: string]): DenseTensors {
  const [kernel, bias] = names.map((name) => {
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
