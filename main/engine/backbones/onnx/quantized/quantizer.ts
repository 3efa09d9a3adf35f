/**
 * A network in eight bits as ONNX holds it: each value that is rounded goes through QuantizeLinear and DequantizeLinear, each
 * kernel through the second. The runtime recognises a convolution between them and runs it on integers.
 * https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
import type { NetworkGraph, WeightTensor } from '../../graph'
import type { ValueWriter } from '../value-writer'
import { lostToRounding, quantizeBias, quantizeKernel } from './kernels'
import { byteScale, type ValueRanges } from './ranges'

export interface Quantizer {
  /** Whether pictures come to the network rounded already. */
  takesBytes(input: string): boolean
  /**
   * Rounds a value that has a range.
   * @param value ONNX's name of it
   * @returns the name of the rounded one, or null where it stays as it is
   */
  round(node: string, value: string, writer: ValueWriter): string | null
  /**
   * @param kernel [outputs, …]
   * @returns names of the rounded kernel and bias, or null for a convolution in float32
   */
  convolution(
    node: { name: string; input: string },
    kernel: WeightTensor,
    bias: Float32Array | null,
    writer: ValueWriter
  ): string[] | null
}

export interface EightBits {
  /** Of the values that are rounded. */
  ranges: ValueRanges
  /** Integer of a kernel, see quantizeKernel. */
  largest: number
}

/** @param graph folded, as it is written. Of a convolution all is rounded, or nothing: what it reads, its kernel, what it makes. */
export function quantizerOf(graph: NetworkGraph, { ranges, largest }: EightBits): Quantizer {
  const made = new Set(ranges.keys())
  const inputs = new Set(graph.nodes.filter(({ op }) => op === 'input').map(({ name }) => name))
  for (const node of graph.nodes) if (node.op === 'relu' && ranges.has(node.name)) made.add(node.input)
  return {
    takesBytes: (input) => ranges.has(input),
    round(node, value, writer) {
      const range = ranges.get(node)
      if (!range) return null
      const { scale, zeroPoint } = byteScale(range)
      const by = [
        writer.constant(`q:${node}:scale`, [], () => Float32Array.of(scale)),
        writer.constant(`q:${node}:zero`, [], () => Uint8Array.of(zeroPoint))
      ]
      // Pictures come rounded.
      const rounded = inputs.has(node) ? value : `q:${node}`
      if (rounded !== value) writer.model.addNode('QuantizeLinear', [value, ...by], [rounded])
      writer.model.addNode('DequantizeLinear', [rounded, ...by], [`dq:${node}`])
      return `dq:${node}`
    },
    convolution({ name, input }, { shape, data }, bias, { model }) {
      const range = ranges.get(input)
      if (!range || !made.has(name)) return null
      const rounded = quantizeKernel(data, shape[0]!, largest)
      const { values, scales } = rounded
      const channels = [scales.length]
      const perChannel = { axis: { int: 0 } }
      model.addInitializer(`q:${name}:kernel`, shape, values)
      model.addInitializer(`q:${name}:kernel:scales`, channels, scales)
      model.addInitializer(`q:${name}:kernel:zeros`, channels, new Int8Array(scales.length))
      const kernel = ['', ':scales', ':zeros'].map((part) => `q:${name}:kernel${part}`)
      model.addNode('DequantizeLinear', kernel, [`dq:${name}:kernel`], perChannel)
      const { scale } = byteScale(range)
      const whole = lostToRounding(data, shape, rounded, range.means).map(
        (lost, output) => lost + (bias?.[output] ?? 0)
      )
      const by = scales.map((each) => each * scale)
      model.addInitializer(`q:${name}:bias`, channels, quantizeBias(whole, by))
      model.addInitializer(`q:${name}:bias:scales`, channels, by)
      model.addNode('DequantizeLinear', [`q:${name}:bias`, `q:${name}:bias:scales`], [`dq:${name}:bias`], perChannel)
      return [`dq:${name}:kernel`, `dq:${name}:bias`]
    }
  }
}
