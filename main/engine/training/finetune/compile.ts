/** From the nodes of a graph to units that can be trained. */
import type { GraphNode, NetworkGraph } from '../../backbones/graph'
import { inferShapes, inputsOf, type ValueShape } from '../../backbones/shapes'
import type { ProductPrecision } from '../../executors/tensorflow-kernels/convolver'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import type { ParameterStore } from './parameters'
import { activationUnit, rectifierUnit } from './units/activations'
import { addUnit, affineUnit, concatUnit, denseUnit, identityUnit, multiplyUnit, scaleUnit } from './units/arithmetic'
import { FoldedConvolution, type BatchNormNode, type ConvolutionNode } from './units/folded-convolution'
import { BatchNorm, LayerNorm } from './units/normalization'
import type { Unit } from './units/unit'
import { averagePoolUnit, flattenUnit, globalPoolUnit, maxPoolUnit, padUnit } from './units/windows'

/** `momentum` m of the moving statistics of batch-norm, which each batch moves by 1 − m; null keeps them as they are. */
export interface CompileOptions {
  momentum: number | null
  /** Of 1 × 1 convolutions while training; left out: float32. */
  precision?: ProductPrecision
}

/**
 * Each convolution takes in the batch-norm and the rectifier behind it where nothing else reads the values between; the
 * batch-norm only where its statistics stay as they are.
 */
export function compileUnits(
  ops: NativeOps,
  graph: NetworkGraph,
  parameters: ParameterStore,
  { momentum, precision = 'float32' }: CompileOptions
): Unit[] {
  const shapes = inferShapes(graph)
  const onlyReader = onlyReaders(graph)
  const taken = new Set<string>()

  const convolution = (node: ConvolutionNode): Unit => {
    let last = node.name
    let norm: BatchNormNode | null = null
    let rectifier: { name: string; max: 6 | null } | null = null
    const second = onlyReader(last)
    if (second?.op === 'batchNorm' && momentum === null) {
      norm = second
      last = norm.name
      taken.add(last)
    }
    const third = onlyReader(last)
    if (third?.op === 'relu' && (third.max === null || third.max === 6)) {
      rectifier = { name: third.name, max: third.max }
      taken.add(third.name)
    }
    return new FoldedConvolution(ops, parameters, { convolution: node, norm, rectifier }, precision)
  }

  const unitOf = (node: Exclude<GraphNode, { op: 'input' }>): Unit => {
    const sizes = inputsOf(node).map((name) => shapes.get(name)!)
    const size: ValueShape = sizes[0]!
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
        return convolution(node)
      case 'batchNorm':
        return new BatchNorm(ops, parameters, node, momentum)
      case 'layerNorm':
        return new LayerNorm(ops, parameters, node, size.at(-1)!)
      case 'relu':
        return rectifierUnit(ops, node)
      case 'activation':
        return activationUnit(ops, node)
      case 'add':
        return addUnit(ops, node)
      case 'multiply':
        return multiplyUnit(ops, node, sizes)
      case 'concat':
        return concatUnit(ops, node, sizes)
      case 'scale':
        return scaleUnit(ops, node, parameters)
      case 'affine':
        return affineUnit(ops, node, parameters)
      case 'dense':
        return denseUnit(ops, node, parameters)
      case 'dropout':
        return identityUnit(ops, node)
      case 'globalAveragePool':
        return globalPoolUnit(ops, node, size)
      case 'maxPool':
        return maxPoolUnit(ops, node, size)
      case 'averagePool':
        return averagePoolUnit(ops, node, size)
      case 'zeroPad':
        return padUnit(ops, node, size)
      case 'flatten':
        return flattenUnit(ops, node, size)
    }
  }
  return graph.nodes.flatMap((node) => (node.op === 'input' || taken.has(node.name) ? [] : [unitOf(node)]))
}

/** The node that alone reads a value; null where there are several, or the value is the network's output. */
function onlyReaders(graph: NetworkGraph): (name: string) => GraphNode | null {
  const readers = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const name of inputsOf(node)) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  return (name) => {
    const all = readers.get(name) ?? []
    return all.length === 1 && name !== graph.output ? all[0]! : null
  }
}
