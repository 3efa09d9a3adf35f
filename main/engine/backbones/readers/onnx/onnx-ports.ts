/** Where pictures go into an ONNX graph, and which of its values serve as features. */
import type { ModelPorts } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import type { OnnxGraph, OnnxNode, OnnxValue } from './onnx-proto'

const FLOAT32 = 1
const FEATURES = /feature|embed|pool|vector/i
/** Steps between the features and the layer of class scores that change no value, or only scores. */
const PASSING = new Set([
  'Softmax',
  'LogSoftmax',
  'Sigmoid',
  'Identity',
  'Cast',
  'Squeeze',
  'Unsqueeze',
  'Dropout',
  'Add'
])
/** What pools, and what merely changes the shape of what is pooled. */
const POOLING = new Set(['GlobalAveragePool', 'ReduceMean', 'GlobalMaxPool', 'AveragePool'])
const RESHAPING = new Set(['Flatten', 'Reshape', 'Squeeze', 'Dropout', 'Identity', 'Relu', 'Clip'])
const SCORING = new Set(['Gemm', 'MatMul', 'Conv'])

/**
 * Most fitting first: an output that is called features; what the layer of class scores reads, if it was pooled; the last output.
 * @throws StudioError backbone/unsupported-layer when it takes no pictures or gives no numbers
 */
export function findOnnxPorts(graph: OnnxGraph, file: string): ModelPorts[] {
  const [input, ...others] = graph.inputs
  const picture = input && others.length === 0 ? pictureOf(input) : null
  if (!input || !picture) {
    const found = graph.inputs.map(({ name, shape }) => `'${name}' [${shape?.join(', ') ?? '?'}]`).join(', ')
    throw new StudioError(
      'backbone/unsupported-layer',
      `'${file}' does not take one batch of square pictures of three channels in float32; its inputs are ${found || 'none'}.`,
      { file }
    )
  }
  const floats = graph.outputs.filter(({ type }) => type === FLOAT32 || type === 0).map(({ name }) => name)
  const called = floats.filter((name) => FEATURES.test(name))
  const inner = floats.flatMap((name) => scoredFeatures(graph, name) ?? [])
  const names = [...called, ...inner, ...floats.reverse()]
  if (names.length === 0) {
    throw new StudioError('backbone/unsupported-layer', `'${file}' has no output of float32.`, { file })
  }
  return [...new Set(names)].map((output) => ({ signature: null, input: input.name, output, ...picture }))
}

function pictureOf({ type, shape }: OnnxValue): Pick<ModelPorts, 'layout' | 'size'> | null {
  if (type !== FLOAT32 || shape?.length !== 4) return null
  const layout = shape[1] === 3 ? 'NCHW' : shape[3] === 3 ? 'NHWC' : null
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]]
  if (!layout || height !== width) return null
  return { layout, size: height! > 0 ? height! : null }
}

/** From an output back through the layer of class scores to what it reads; null unless that was pooled. */
function scoredFeatures(graph: OnnxGraph, output: string): string | null {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const back = (name: string, through: ReadonlySet<string>): { name: string; node: OnnxNode | undefined } => {
    let node = producers.get(name)
    // A graph is free of circles, a file need not be.
    for (let steps = 0; node && through.has(node.op) && steps < graph.nodes.length; steps++) {
      name = node.inputs.find((value) => !graph.initialisers.has(value)) ?? ''
      node = producers.get(name)
    }
    return { name, node }
  }
  const scoring = back(output, new Set([...PASSING, 'Reshape', 'Flatten'])).node
  if (!scoring || !SCORING.has(scoring.op)) return null
  const features = scoring.inputs[0] ?? ''
  return POOLING.has(back(features, RESHAPING).node?.op ?? '') ? features : null
}
