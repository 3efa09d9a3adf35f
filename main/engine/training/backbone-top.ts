/**
 * A head on the backbone's own top: it learns on the scores that the backbone gives the classes it was pretrained on, and is
 * then folded through that top, both being linear, into a head on the features like any other.
 */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph } from '../backbones/graph'
import type { LoadedBackbone } from '../backbones/load-backbone'
import { inferShapes, inputsOf } from '../backbones/shapes'
import type { FeatureValues } from '../data/feature-rows'
import type { HeadWeights } from './finetune-contract'
import type { FeatureSet } from './head-data'
import { openDense, type HeadRuntime } from './head-sessions'

/** A dense layer without its activation, as a head has it. */
export type DenseLayer = Omit<HeadWeights, 'hidden'>

type LinearNode = Extract<GraphNode, { op: 'dense' | 'conv2d' }>

/**
 * The one linear layer between the pooled features and the backbone's output: dense, or a convolution over the single pixel that is
 * left. Dropout and flattening on the way do nothing here, and a softmax or sigmoid at the end is left off: the scores are
 * what it reads.
 * @throws StudioError config/invalid when the backbone has no such layer
 */
export function topOf({ info, graph, features }: Pick<LoadedBackbone, 'info' | 'graph' | 'features'>): DenseLayer {
  // A model in a foreign form ends where its features do.
  const top = graph && features && topNode(graph, features)
  if (!top) {
    throw new StudioError(
      'config/invalid',
      `The setting 'head.input' is not valid: 'logits' needs a backbone that ends in a layer of class scores, which ` +
        `'${info.name}' does not. Set it to 'features'.`,
      { key: 'head.input', backbone: info.id }
    )
  }
  const { shape, data } = graph.weights.get(top.kernel)!
  const classes = shape.at(-1)!
  const bias = top.bias === null ? new Float32Array(classes) : graph.weights.get(top.bias)!.data
  // [1, 1, inputs, outputs] of a convolution lies as [inputs, outputs] does.
  return { kernel: data, bias, classes }
}

/** Null when anything but one linear layer and its probabilities follows the features. */
function topNode(graph: NetworkGraph, features: NetworkGraph): LinearNode | null {
  const start = endOf(graph, features)
  const after = graph.nodes.slice(graph.nodes.findIndex(({ name }) => name === start) + 1)
  if (!isChain(start, after)) return null
  const [top, ...others] = after.filter(({ op }) => op !== 'dropout' && op !== 'flatten')
  const last = others.at(-1)
  const probabilities = last?.op === 'activation' && (last.kind === 'softmax' || last.kind === 'sigmoid')
  if (others.length > (probabilities ? 1 : 0)) return null
  if (top?.op === 'dense') return top
  return top?.op === 'conv2d' && seesOnePixel(graph, start, top) ? top : null
}

function seesOnePixel(graph: NetworkGraph, start: string, { kernel }: LinearNode): boolean {
  const [height, width] = graph.weights.get(kernel)!.shape
  return (
    height === 1 &&
    width === 1 &&
    inferShapes(graph)
      .get(start)!
      .slice(0, -1)
      .every((side) => side === 1)
  )
}

/** Where the features end in the network itself: a row of them may have been added behind (see featureExtractor). */
function endOf(graph: NetworkGraph, features: NetworkGraph): string {
  if (graph.nodes.some(({ name }) => name === features.output)) return features.output
  return inputsOf(features.nodes.find(({ name }) => name === features.output)!)[0]!
}

/** Whether each node reads the one before it, and nothing else. */
function isChain(start: string, nodes: NetworkGraph['nodes']): boolean {
  const names = [start, ...nodes.map(({ name }) => name)]
  return nodes.every((node, index) => inputsOf(node).every((input) => input === names[index]))
}

/** The top's scores for rows of features. */
export async function scoresOf(
  runtime: HeadRuntime,
  set: FeatureSet<FeatureValues>,
  top: DenseLayer
): Promise<FeatureSet> {
  return { values: await apply(runtime, set.values, top), width: top.classes, labels: set.labels }
}

/**
 * The head that gives on features what `head` gives on the top's scores: W = W_top·W_head, b = b_top·W_head + b_head, for the
 * layer of the head that reads them.
 */
export async function foldTop(runtime: HeadRuntime, head: HeadWeights, top: DenseLayer): Promise<HeadWeights> {
  const { hidden } = head
  const reader = hidden ? { ...hidden, classes: hidden.bias.length } : head
  const withoutBias = { ...reader, bias: new Float32Array(reader.classes) }
  const kernel = await apply(runtime, top.kernel, withoutBias)
  const bias = await apply(runtime, top.bias, reader)
  return hidden ? { ...head, hidden: { kernel, bias } } : { kernel, bias, classes: head.classes }
}

async function apply(runtime: HeadRuntime, rows: FeatureValues, layer: DenseLayer): Promise<Float32Array> {
  const dense = await openDense(runtime, layer.kernel.length / layer.classes, layer.classes)
  try {
    return await dense.run(layer, rows)
  } finally {
    await dense.dispose()
  }
}
