/** From the nodes of a graph to units that can be trained. */
import { StudioError } from '@shared/errors'
import type { GraphNode, NetworkGraph } from '../../backbones/graph'
import { inferShapes, inputsOf } from '../../backbones/shapes'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { FoldedConvolution, type BatchNormNode, type ConvolutionNode } from './folded-convolution'
import type { ParameterStore } from './parameters'
import { addUnit, identityUnit, padUnit, poolUnit, rectifierUnit, type Unit } from './unit'

/**
 * Each convolution takes in the batch-norm and the rectifier behind it where nothing else reads the values between.
 *
 * @throws StudioError backbone/unsupported-layer naming a layer that can be run but not trained.
 */
export function compileUnits(ops: NativeOps, graph: NetworkGraph, parameters: ParameterStore): Unit[] {
  const shapes = inferShapes(graph)
  const readers = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const name of inputsOf(node)) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  const onlyReader = (name: string): GraphNode | null => {
    const all = readers.get(name) ?? []
    return all.length === 1 && name !== graph.output ? all[0]! : null
  }
  const taken = new Set<string>()

  const convolution = (node: ConvolutionNode): Unit => {
    let last = node.name
    let norm: BatchNormNode | null = null
    let rectifier: { name: string; max: 6 | null } | null = null
    const second = onlyReader(last)
    if (second?.op === 'batchNorm') {
      norm = second
      last = norm.name
      taken.add(last)
    }
    const third = onlyReader(last)
    if (third?.op === 'relu') {
      rectifier = { name: third.name, max: rectifierMax(third) }
      taken.add(third.name)
    }
    return new FoldedConvolution(ops, parameters, { convolution: node, norm, rectifier })
  }

  const unitOf = (node: GraphNode): Unit | null => {
    if (taken.has(node.name)) return null
    const size = shapes.get(inputsOf(node)[0] ?? node.name)!
    switch (node.op) {
      case 'input':
        return null
      case 'conv2d':
      case 'depthwiseConv2d':
        return convolution(node)
      case 'add':
        return addUnit(ops, node)
      case 'globalAveragePool':
        return poolUnit(ops, node, size)
      case 'zeroPad':
        return padUnit(ops, node, size)
      case 'relu':
        return rectifierUnit(ops, node, rectifierMax(node))
      case 'dropout':
        return identityUnit(node)
      case 'batchNorm':
      case 'dense':
        throw untrainable(node, `a ${node.op} that follows no convolution`)
    }
  }
  return graph.nodes.map(unitOf).filter((unit) => unit !== null)
}

function rectifierMax(node: Extract<GraphNode, { op: 'relu' }>): 6 | null {
  if (node.max === null || node.max === 6) return node.max
  throw untrainable(node, `a rectifier that ends at ${node.max}`)
}

const untrainable = (node: GraphNode, what: string): StudioError =>
  new StudioError('backbone/unsupported-layer', `Layer '${node.name}' cannot be fine-tuned: it is ${what}.`, {
    layer: node.name
  })
