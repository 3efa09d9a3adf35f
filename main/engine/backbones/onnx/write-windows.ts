/** Convolutions and pools as ONNX operators. */
import type { GraphNode, WeightTensor } from '../graph'
import { padAmounts, type PadAmounts } from '../shapes'
import { ValueWriter } from './value-writer'

type Convolution = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>
type Pool = Extract<GraphNode, { op: 'maxPool' | 'averagePool' }>
type GlobalPool = Extract<GraphNode, { op: 'globalAveragePool' }>

export function writeConvolution(node: Convolution, writer: ValueWriter): void {
  const kernel = writer.weights.get(node.kernel)!
  const [kernelHeight, kernelWidth, channels, last] = kernel.shape as [number, number, number, number]
  const pads = padAmounts(...sidesOf(node, writer), { ...node, kernel: [kernelHeight, kernelWidth] })
  const depthwise = node.op === 'depthwiseConv2d'
  if (isPerPixel(node, kernel, pads) && writer.layoutOf(node.input) === 'nhwc')
    return writeProduct(node, kernel, writer)
  const value = ValueWriter.nameOf(node.name)
  const shape = depthwise
    ? [channels * last, 1, kernelHeight, kernelWidth]
    : [last, channels, kernelHeight, kernelWidth]
  const input = writer.read(node.input, 'nchw')
  const data = outputsFirst(kernel, depthwise)
  const bias = node.bias === null ? null : writer.weights.get(node.bias)!.data
  const inputs = writer.quantizer?.convolution(node, { shape, data }, bias, writer) ?? plain()
  writer.model.addNode('Conv', [input, ...inputs], [value], {
    kernel_shape: { ints: [kernelHeight, kernelWidth] },
    strides: { ints: node.strides },
    dilations: { ints: node.dilations },
    pads: { ints: [pads.top, pads.left, pads.bottom, pads.right] },
    group: { int: depthwise ? channels : 1 }
  })
  writer.define(node.name, 'nchw')

  function plain(): string[] {
    writer.model.addInitializer(`${value}:kernel`, shape, data)
    return [`${value}:kernel`, ...(node.bias === null ? [] : [writer.weight(node.bias)])]
  }
}

export function writePool(node: Pool, writer: ValueWriter): void {
  const pads = padAmounts(...sidesOf(node, writer), { ...node, kernel: node.size, dilations: [1, 1] })
  const average = node.op === 'averagePool'
  const value = ValueWriter.nameOf(node.name)
  writer.model.addNode(average ? 'AveragePool' : 'MaxPool', [readBordered(node.input, value, writer)], [value], {
    kernel_shape: { ints: node.size },
    strides: { ints: node.strides },
    pads: { ints: [pads.top, pads.left, pads.bottom, pads.right] },
    ...(average ? { count_include_pad: { int: 0 } } : {})
  })
  writer.define(node.name, 'nchw')
}

/**
 * ONNX Runtime (1.30 is one) takes zeros around a map into the pool after it as the pool's own padding, which is never the
 * maximum nor counted in an average. An operator in between, here one that changes nothing, keeps it from doing so.
 */
function readBordered(input: string, value: string, writer: ValueWriter): string {
  const name = writer.read(input, 'nchw')
  if (!writer.bordered.has(input)) return name
  writer.model.addNode('Max', [name, writer.scalar(-3.4028234663852886e38)], [`${value}:bordered`])
  return `${value}:bordered`
}

export function writeGlobalPool(node: GlobalPool, writer: ValueWriter): void {
  const value = ValueWriter.nameOf(node.name)
  const layout = writer.layoutOf(node.input)
  const map = node.keepDims ? value : `${value}:1x1`
  if (layout === 'nchw') writer.model.addNode('GlobalAveragePool', [writer.read(node.input)], [map])
  else writer.model.addNode('ReduceMean', [writer.read(node.input)], [map], { axes: { ints: [1, 2] } })
  if (!node.keepDims) writer.model.addNode('Flatten', [map], [value], { axis: { int: 1 } })
  writer.define(node.name, node.keepDims ? layout : 'flat')
}

const sidesOf = (node: { input: string }, writer: ValueWriter): [height: number, width: number] => {
  const [height, width] = writer.shapes.get(node.input) as [number, number, number]
  return [height, width]
}

/** A convolution of 1 × 1 that looks at every pixel once, which is a product of all pixels with a matrix. */
function isPerPixel(node: Convolution, { shape }: WeightTensor, pads: PadAmounts): boolean {
  const padded = pads.top + pads.bottom + pads.left + pads.right > 0
  return node.op === 'conv2d' && shape[0] === 1 && shape[1] === 1 && node.strides.join() === '1,1' && !padded
}

function writeProduct(node: Convolution, { shape, data }: WeightTensor, writer: ValueWriter): void {
  const value = ValueWriter.nameOf(node.name)
  const product = node.bias === null ? value : `${value}:product`
  writer.model.addInitializer(`${value}:kernel`, shape.slice(2), data)
  writer.model.addNode('MatMul', [writer.read(node.input), `${value}:kernel`], [product])
  if (node.bias !== null) writer.model.addNode('Add', [product, writer.weight(node.bias)], [value])
  writer.define(node.name, 'nhwc')
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
