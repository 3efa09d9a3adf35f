/**
 * A NetworkGraph as an ONNX model. It takes NHWC pictures, as everything else here does, and gives NHWC where the output is a
 * picture; in between, each value has the layout that its operator wants. Operators: https://onnx.ai/onnx/operators/
 */
import type { GraphNode, NetworkGraph } from '../graph'
import { foldBatchNorm, foldPadding } from '../transforms'
import { OnnxModelBuilder } from './model-builder'
import { quantizerOf, type EightBits, type Quantizer } from './quantized/quantizer'
import { ValueWriter, type Layout } from './value-writer'
import { writeActivation } from './write-activation'
import { writeConvolution, writeGlobalPool, writePool } from './write-windows'

export const ONNX_INPUT = 'input'
export const ONNX_OUTPUT = 'output'

/**
 * Batch-norm and borders are folded into the convolutions, dropout left out. The batch is free ('N').
 * @param precision left out: float32 throughout; where it has a range for the input, pictures are taken as bytes, see inputScale
 * @throws StudioError backbone/corrupt when the graph does not fit together
 */
export function networkToOnnx(network: NetworkGraph, precision?: EightBits): Uint8Array {
  const graph = foldedForOnnx(network)
  return writeNetwork(graph, precision && quantizerOf(graph, precision)).model.build()
}

/** What is written of a network. */
export const foldedForOnnx = (network: NetworkGraph): NetworkGraph => foldPadding(foldBatchNorm(network))

/** @param graph folded. @returns everything written, to which more outputs can be added */
export function writeNetwork(graph: NetworkGraph, quantizer?: Quantizer): ValueWriter {
  const model = new OnnxModelBuilder(graph.name)
  const writer = new ValueWriter(model, graph, quantizer)
  for (const node of graph.nodes) writeNode(node, writer)
  model.addNode('Identity', [writer.read(graph.output, 'nhwc')], [ONNX_OUTPUT])
  model.addOutput(ONNX_OUTPUT, ['N', ...writer.shapes.get(graph.output)!])
  return writer
}

function writeNode(node: GraphNode, writer: ValueWriter): void {
  const { model } = writer
  switch (node.op) {
    case 'input':
      model.addInput(
        ONNX_INPUT,
        ['N', node.height, node.width, node.channels],
        writer.quantizer?.takesBytes(node.name) ? 'uint8' : 'float32'
      )
      return writer.define(node.name, 'nhwc', ONNX_INPUT)
    case 'conv2d':
    case 'depthwiseConv2d':
      return writeConvolution(node, writer)
    case 'maxPool':
    case 'averagePool':
      return writePool(node, writer)
    case 'globalAveragePool':
      return writeGlobalPool(node, writer)
    case 'batchNorm':
      return writeBatchNorm(node, writer)
    case 'layerNorm':
      return writeLayerNorm(node, writer)
    case 'scale': {
      const { data } = writer.weights.get(node.gamma)!
      return writeAffine(node, data, Float32Array.of(0), writer)
    }
    case 'affine':
      return writeAffine(node, Float32Array.from(node.scale), Float32Array.from(node.offset), writer)
    case 'relu': {
      if (node.max === null) return writer.unary('Relu', node)
      const bounds = [writer.scalar(0), writer.scalar(node.max)]
      model.addNode('Clip', [writer.read(node.input), ...bounds], [ValueWriter.nameOf(node.name)])
      return writer.define(node.name, writer.layoutOf(node.input))
    }
    case 'activation':
      return writeActivation(node, writer)
    case 'add':
      return writeChain('Add', node, writer)
    case 'multiply':
      return writeChain('Mul', node, writer)
    case 'concat': {
      const layout = writer.layoutOf(node.inputs[0]!)
      const inputs = node.inputs.map((name) => writer.read(name, layout))
      model.addNode('Concat', inputs, [ValueWriter.nameOf(node.name)], { axis: { int: layout === 'nhwc' ? 3 : 1 } })
      return writer.define(node.name, layout)
    }
    case 'zeroPad':
      return writeZeroPad(node, writer)
    case 'flatten':
      model.addNode(
        'Flatten',
        [writer.read(node.input, orderOf(node.input, writer))],
        [ValueWriter.nameOf(node.name)],
        {
          axis: { int: 1 }
        }
      )
      return writer.define(node.name, 'flat')
    case 'dropout':
      return writer.define(node.name, writer.layoutOf(node.input), writer.read(node.input))
    case 'dense': {
      const bias = node.bias === null ? [] : [writer.weight(node.bias)]
      const inputs = [writer.read(node.input), writer.weight(node.kernel), ...bias]
      model.addNode('Gemm', inputs, [ValueWriter.nameOf(node.name)])
      return writer.define(node.name, 'flat')
    }
  }
}

/** The layout in which a value's numbers lie in the graph's order; of a single pixel, any does. */
function orderOf(name: string, writer: ValueWriter): Layout {
  const [height, width] = writer.shapes.get(name)!
  return height === 1 && width === 1 ? writer.layoutOf(name) : 'nhwc'
}

/** Two at a time, from the first to the last. */
function writeChain(op: 'Add' | 'Mul', node: { name: string; inputs: string[] }, writer: ValueWriter): void {
  const layout = writer.layoutOf(node.inputs[0]!)
  const [first, ...others] = node.inputs.map((name) => writer.read(name, layout))
  const value = ValueWriter.nameOf(node.name)
  const last = others.reduce((sum, other, index) => {
    const name = index === others.length - 1 ? value : `${value}:${index}`
    writer.model.addNode(op, [sum, other], [name])
    return name
  }, first!)
  writer.define(node.name, layout, last)
}

function writeZeroPad(node: Extract<GraphNode, { op: 'zeroPad' }>, writer: ValueWriter): void {
  const { top, bottom, left, right } = node.padding
  const value = ValueWriter.nameOf(node.name)
  const layout = writer.layoutOf(node.input)
  const pads = layout === 'nchw' ? [0, 0, top, left, 0, 0, bottom, right] : [0, top, left, 0, 0, bottom, right, 0]
  writer.model.addInitializer(`${value}:pads`, [8], BigInt64Array.from(pads.map(BigInt)))
  writer.model.addNode('Pad', [writer.read(node.input), `${value}:pads`], [value])
  writer.bordered.add(node.name)
  writer.define(node.name, layout)
}

/** scale · x + offset; an operator that would change nothing is left out. */
function writeAffine(
  node: { name: string; input: string },
  scale: Float32Array,
  offset: Float32Array,
  writer: ValueWriter
): void {
  const layout = writer.layoutOf(node.input)
  const value = ValueWriter.nameOf(node.name)
  let last = writer.read(node.input)
  const apply = (op: 'Mul' | 'Add', numbers: Float32Array): void => {
    const name = `${value}:${op}`
    writer.model.addNode(op, [last, writer.perChannel(`${name}:by`, numbers, layout)], [name])
    last = name
  }
  if (scale.some((number) => number !== 1)) apply('Mul', scale)
  if (offset.some((number) => number !== 0)) apply('Add', offset)
  writer.define(node.name, layout, last)
}

function writeBatchNorm(node: Extract<GraphNode, { op: 'batchNorm' }>, writer: ValueWriter): void {
  const value = ValueWriter.nameOf(node.name)
  const count = writer.channelsOf(node.input)
  const inputs = [
    writer.read(node.input, 'nchw'),
    norm(node.gamma, 1, count, writer),
    norm(node.beta, 0, count, writer),
    writer.weight(node.mean),
    writer.weight(node.variance)
  ]
  writer.model.addNode('BatchNormalization', inputs, [value], { epsilon: { float: node.epsilon } })
  writer.define(node.name, writer.layoutOf(node.input) === 'flat' ? 'flat' : 'nchw')
}

function writeLayerNorm(node: Extract<GraphNode, { op: 'layerNorm' }>, writer: ValueWriter): void {
  const count = writer.channelsOf(node.input)
  const inputs = [
    writer.read(node.input, 'nhwc'),
    norm(node.gamma, 1, count, writer),
    norm(node.beta, 0, count, writer)
  ]
  writer.model.addNode('LayerNormalization', inputs, [ValueWriter.nameOf(node.name)], {
    axis: { int: -1 },
    epsilon: { float: node.epsilon }
  })
  writer.define(node.name, writer.layoutOf(node.input) === 'flat' ? 'flat' : 'nhwc')
}

/** A norm's gamma or beta; ONNX wants both even where the layer has none. */
const norm = (key: string | null, fallback: number, count: number, writer: ValueWriter): string =>
  key === null ? writer.filled(fallback, count) : writer.weight(key)
