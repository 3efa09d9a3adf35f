/**
 * A NetworkGraph as an ONNX model. It takes NHWC pictures, as everything else here does, and gives NHWC where the output is a
 * picture; in between it is NCHW, ONNX's only layout. Operators: https://onnx.ai/onnx/operators/
 */
import type { GraphNode, NetworkGraph, WeightTensor } from '../graph'
import { inferShapes, padAmounts, type ValueShape } from '../shapes'
import { foldBatchNorm } from '../transforms'
import { OnnxModelBuilder } from './model-builder'

export const ONNX_INPUT = 'input'
export const ONNX_OUTPUT = 'output'

type Convolution = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>

interface Writing {
  model: OnnxModelBuilder
  graph: NetworkGraph
  shapes: Map<string, ValueShape>
  /** Name of each graph value in the ONNX model. */
  names: Map<string, string>
  constants: Set<string>
}

/**
 * Batch-norm is folded into the convolutions, dropout left out. The batch is free ('N').
 * @throws StudioError backbone/corrupt when the graph does not fit together
 */
export function networkToOnnx(network: NetworkGraph): Uint8Array {
  const graph = foldBatchNorm(network)
  const shapes = inferShapes(graph)
  const writing: Writing = {
    model: new OnnxModelBuilder(graph.name),
    graph,
    shapes,
    names: new Map(),
    constants: new Set()
  }
  for (const node of graph.nodes) writing.names.set(node.name, writeNode(node, writing))
  const output = shapes.get(graph.output)!
  const value = writing.names.get(graph.output)!
  if (output.length === 3) writing.model.addNode('Transpose', [value], [ONNX_OUTPUT], { perm: { ints: [0, 2, 3, 1] } })
  else writing.model.addNode('Identity', [value], [ONNX_OUTPUT])
  return writing.model.addOutput(ONNX_OUTPUT, ['N', ...output]).build()
}

/** @returns the name of the node's value in the ONNX model. */
function writeNode(node: GraphNode, writing: Writing): string {
  const { model, names } = writing
  const value = `v:${node.name}`
  const read = (name: string): string => names.get(name)!
  switch (node.op) {
    case 'input':
      model.addInput(ONNX_INPUT, ['N', node.height, node.width, node.channels])
      model.addNode('Transpose', [ONNX_INPUT], [value], { perm: { ints: [0, 3, 1, 2] } })
      return value
    case 'conv2d':
    case 'depthwiseConv2d':
      writeConvolution(node, value, writing)
      return value
    case 'batchNorm':
      writeBatchNorm(node, value, writing)
      return value
    case 'relu':
      if (node.max === null) model.addNode('Relu', [read(node.input)], [value])
      else model.addNode('Clip', [read(node.input), scalar(writing, 0), scalar(writing, node.max)], [value])
      return value
    case 'add': {
      const [first, ...others] = node.inputs.map(read)
      return others.reduce((sum, other, index) => {
        const name = index === others.length - 1 ? value : `${value}:${index}`
        model.addNode('Add', [sum, other], [name])
        return name
      }, first!)
    }
    case 'zeroPad': {
      const { top, bottom, left, right } = node.padding
      const pads = `${value}:pads`
      model.addInitializer(pads, [8], BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right].map(BigInt)))
      model.addNode('Pad', [read(node.input), pads], [value])
      return value
    }
    case 'globalAveragePool':
      model.addNode('GlobalAveragePool', [read(node.input)], [`${value}:1x1`])
      model.addNode('Flatten', [`${value}:1x1`], [value], { axis: { int: 1 } })
      return value
    case 'dropout':
      return read(node.input)
    case 'dense': {
      const kernel = constant(writing, node.kernel)
      const bias = node.bias === null ? [] : [constant(writing, node.bias)]
      model.addNode('Gemm', [read(node.input), kernel, ...bias], [value])
      return value
    }
  }
}

function writeConvolution(node: Convolution, value: string, { model, graph, shapes, names }: Writing): void {
  const kernel = graph.weights.get(node.kernel)!
  const [kernelHeight, kernelWidth, channels, last] = kernel.shape as [number, number, number, number]
  const [height, width] = shapes.get(node.input) as [number, number, number]
  const pads = padAmounts(height, width, { ...node, kernel: [kernelHeight, kernelWidth] })
  const depthwise = node.op === 'depthwiseConv2d'
  const shape = depthwise
    ? [channels * last, 1, kernelHeight, kernelWidth]
    : [last, channels, kernelHeight, kernelWidth]
  model.addInitializer(`${value}:kernel`, shape, outputsFirst(kernel, depthwise))
  const inputs = [names.get(node.input)!, `${value}:kernel`]
  if (node.bias !== null) {
    const bias = graph.weights.get(node.bias)!
    model.addInitializer(`${value}:bias`, bias.shape, bias.data)
    inputs.push(`${value}:bias`)
  }
  model.addNode('Conv', inputs, [value], {
    kernel_shape: { ints: [kernelHeight, kernelWidth] },
    strides: { ints: node.strides },
    dilations: { ints: node.dilations },
    pads: { ints: [pads.top, pads.left, pads.bottom, pads.right] },
    group: { int: depthwise ? channels : 1 }
  })
}

/** [h, w, in, out] → [out, in, h, w]; depthwise [h, w, channels, multiplier] → [channels · multiplier, 1, h, w]. */
function outputsFirst({ shape, data }: WeightTensor, depthwise: boolean): Float32Array {
  const [height, width, channels, last] = shape as [number, number, number, number]
  const taps = height * width
  const out = new Float32Array(data.length)
  let place = 0
  for (let tap = 0; tap < taps; tap++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let index = 0; index < last; index++) {
        const row = depthwise ? channel * last + index : index * channels + channel
        out[row * taps + tap] = data[place++]!
      }
    }
  }
  return out
}

function writeBatchNorm(node: Extract<GraphNode, { op: 'batchNorm' }>, value: string, writing: Writing): void {
  const count = writing.graph.weights.get(node.mean)!.shape[0]!
  const filled = (key: string | null, fallback: number): string => {
    if (key !== null) return constant(writing, key)
    const name = `${value}:${fallback}`
    writing.model.addInitializer(name, [count], new Float32Array(count).fill(fallback))
    return name
  }
  const parameters = [
    filled(node.gamma, 1),
    filled(node.beta, 0),
    constant(writing, node.mean),
    constant(writing, node.variance)
  ]
  writing.model.addNode('BatchNormalization', [writing.names.get(node.input)!, ...parameters], [value], {
    epsilon: { float: node.epsilon }
  })
}

function constant({ model, graph, constants }: Writing, key: string): string {
  const name = `w:${key}`
  if (!constants.has(name)) {
    constants.add(name)
    const { shape, data } = graph.weights.get(key)!
    model.addInitializer(name, shape, data)
  }
  return name
}

function scalar({ model, constants }: Writing, value: number): string {
  const name = `scalar:${value}`
  if (!constants.has(name)) {
    constants.add(name)
    model.addInitializer(name, [], Float32Array.of(value))
  }
  return name
}
