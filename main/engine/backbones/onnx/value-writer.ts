/** Where each value of a network lies in the ONNX model, and in which layout: what all the layers' writers share. */
import type { NetworkGraph } from '../graph'
import { inferShapes, type ValueShape } from '../shapes'
import type { OnnxAttribute, OnnxModelBuilder, OnnxTensorData } from './model-builder'
import type { Quantizer } from './quantized/quantizer'

/** 'flat' is a row of features, which has no layout to speak of. */
export type Layout = 'nchw' | 'nhwc' | 'flat'

const TRANSPOSE: Record<Exclude<Layout, 'flat'>, number[]> = { nchw: [0, 3, 1, 2], nhwc: [0, 2, 3, 1] }

/**
 * Convolutions and pools want NCHW, ONNX's only layout for them; norms over the channels and products with a matrix want NHWC. A value
 * stays as it was made, and is transposed once for the first reader that wants it otherwise.
 */
export class ValueWriter {
  readonly shapes: Map<string, ValueShape>
  readonly weights: NetworkGraph['weights']
  /** Nodes that put zeros around a map. */
  readonly bordered = new Set<string>()
  private readonly values = new Map<string, { name: string; layout: Layout }>()
  private readonly transposed = new Set<string>()
  private readonly constants = new Set<string>()

  constructor(
    readonly model: OnnxModelBuilder,
    graph: NetworkGraph,
    /** Of a network in eight bits. */
    readonly quantizer?: Quantizer
  ) {
    this.shapes = inferShapes(graph)
    this.weights = graph.weights
  }

  /** Name under which a node's value is made. */
  static nameOf(node: string): string {
    return `v:${node}`
  }

  layoutOf(node: string): Layout {
    return this.values.get(node)!.layout
  }

  channelsOf(node: string): number {
    return this.shapes.get(node)!.at(-1)!
  }

  define(node: string, layout: Layout, name = ValueWriter.nameOf(node)): void {
    this.values.set(node, { name: this.quantizer?.round(node, name, this) ?? name, layout })
  }

  /** The node reads one value, and its own is in the same layout. */
  unary(op: string, node: { name: string; input: string }, attributes: Record<string, OnnxAttribute> = {}): void {
    this.model.addNode(op, [this.read(node.input)], [ValueWriter.nameOf(node.name)], attributes)
    this.define(node.name, this.layoutOf(node.input))
  }

  /** @param layout as it is when left out */
  read(node: string, layout: Layout = this.layoutOf(node)): string {
    const value = this.values.get(node)!
    if (value.layout === layout || value.layout === 'flat' || layout === 'flat') return value.name
    const name = `${value.name}:${layout}`
    if (this.transposed.has(name)) return name
    this.transposed.add(name)
    this.model.addNode('Transpose', [value.name], [name], { perm: { ints: TRANSPOSE[layout] } })
    return name
  }

  /** A weight as it is. */
  weight(key: string): string {
    const { shape, data } = this.weights.get(key)!
    return this.constant(`w:${key}`, shape, () => data)
  }

  scalar(value: number): string {
    return this.constant(`scalar:${value}`, [], () => Float32Array.of(value))
  }

  filled(value: number, count: number): string {
    return this.constant(`filled:${value}:${count}`, [count], () => new Float32Array(count).fill(value))
  }

  /** A number for each channel, or one for all, shaped so that it goes with a value of that layout. */
  perChannel(name: string, values: Float32Array, layout: Layout): string {
    if (values.length === 1) return this.scalar(values[0]!)
    const shape = layout === 'nchw' ? [values.length, 1, 1] : [values.length]
    return this.constant(`${name}:${layout}`, shape, () => values)
  }

  constant(name: string, shape: readonly number[], data: () => OnnxTensorData): string {
    if (!this.constants.has(name)) {
      this.constants.add(name)
      this.model.addInitializer(name, shape, data())
    }
    return name
  }
}
