/** Which signature of a SavedModel takes pictures, and which of its values serve as features. */
import type { ModelPorts } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import type { MetaGraph, TensorInfo } from './saved-model-proto'

const FLOAT32 = 1
/** Most wanted first: 'default' and its relatives are those of modules for TensorFlow 1. */
const SIGNATURES = ['serving_default', 'serve', 'image_feature_vector', 'default']
const FEATURES = /feature|embed|pool|default|vector/i
const SCORES = /logit|prob|class|score/i

/**
 * @returns the graph for serving, and the ports, the most fitting first.
 * @throws StudioError backbone/unsupported-layer when nothing takes a batch of pictures
 */
export function findPorts(graphs: readonly MetaGraph[], file: string): { graph: MetaGraph; ports: ModelPorts[] } {
  const graph = graphs.find(({ tags }) => tags.length === 1 && tags[0] === 'serve')
  const ports = graph ? [...graph.signatures.keys()].sort(bySignature).flatMap((name) => portsOf(graph, name)) : []
  if (graph && ports.length > 0) return { graph, ports }
  const found = graphs.map(({ tags, signatures }) => `[${tags}]: ${[...signatures.keys()].join(', ') || 'none'}`)
  throw new StudioError(
    'backbone/unsupported-layer',
    `'${file}' has no signature for serving that takes one batch of pictures, [batch, height, width, 3] of float32. ` +
      `Its signatures are ${found.join('; ') || 'none'}.`,
    { file }
  )
}

function portsOf(graph: MetaGraph, signature: string): ModelPorts[] {
  const { inputs, outputs } = graph.signatures.get(signature)!
  const [input] = [...inputs]
  if (inputs.size !== 1 || !input || signature.startsWith('__saved_model')) return []
  const side = pictureSide(input[1])
  if (side === undefined) return []
  return [...outputs]
    .filter(([, { dtype, shape }]) => dtype === FLOAT32 && (shape === null || shape.length === 2 || isPooled(shape)))
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([output]) => ({ signature, input: input[0], output, layout: 'NHWC' as const, size: side }))
}

/** [batch, 1, 1, features], as modules that keep the map's axes give it. */
const isPooled = (shape: readonly number[]): boolean => shape.length === 4 && shape[1] === 1 && shape[2] === 1

/** @returns the side, null when any will do, undefined when it takes no square pictures of three channels. */
function pictureSide({ dtype, shape }: TensorInfo): number | null | undefined {
  if (dtype !== FLOAT32 || shape?.length !== 4) return undefined
  const [batch, height, width, channels] = shape as [number, number, number, number]
  if (channels !== 3 || height !== width || (batch !== -1 && batch !== 1)) return undefined
  return height === -1 ? null : height > 0 ? height : undefined
}

const rank = (output: string): number => (SCORES.test(output) ? 2 : FEATURES.test(output) ? 0 : 1)

function bySignature(a: string, b: string): number {
  const place = (name: string): number => (SIGNATURES.includes(name) ? SIGNATURES.indexOf(name) : SIGNATURES.length)
  return place(a) - place(b)
}
