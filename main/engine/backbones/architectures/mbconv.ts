/** The inverted residual of the EfficientNets, and how they are made wider and deeper. https://arxiv.org/abs/1905.11946 */
import { makeDivisible } from './architecture'
import { RESIDUAL_GAIN, type GraphBuilder } from './builder'

/** One stage: `count` blocks, of which the first has the stride and the change of width. */
export interface Stage {
  kernel: number
  count: number
  strides: 1 | 2
  expansion: number
  filters: number
  /** Whether its blocks are gated by squeeze and excitation. */
  gated: boolean
}

/** [blocks, kernel, strides, expansion, filters] of EfficientNet-B0, which the others scale. */
export const EFFICIENTNET_STAGES = (
  [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [2, 5, 2, 6, 40],
    [3, 3, 2, 6, 80],
    [3, 5, 1, 6, 112],
    [4, 5, 2, 6, 192],
    [1, 3, 1, 6, 320]
  ] as const
).map(([count, kernel, strides, expansion, filters]) => ({ count, kernel, strides, expansion, filters }))

/** Width and depth times their coefficients, widths to multiples of 8, depths rounded up. */
export const scaleWidth = (filters: number, coefficient: number): number =>
  coefficient === 1 ? filters : makeDivisible(filters * coefficient)
export const scaleDepth = (count: number, coefficient: number): number => Math.ceil(coefficient * count)

export interface MbConv extends Omit<Stage, 'count'> {
  /** Name of the depthwise layer, after the block's. */
  depthwise: string
}

/** Expansion, depthwise convolution, gate, projection, sum; layers are named as in Keras' EfficientNet. */
export function mbConv(b: GraphBuilder, name: string, input: string, block: MbConv): string {
  const channels = b.channelsOf(input)
  let x = input
  if (block.expansion !== 1) {
    x = b.conv(`${name}_expand_conv`, x, { filters: channels * block.expansion })
    x = b.activation(`${name}_expand_activation`, b.batchNorm(`${name}_expand_bn`, x), 'swish')
  }
  // Keras' first EfficientNet pads by hand what is exactly TensorFlow's 'same', for even and odd sizes.
  x = b.depthwise(`${name}_${block.depthwise}`, x, { kernel: block.kernel, strides: block.strides })
  x = b.activation(`${name}_activation`, b.batchNorm(`${name}_bn`, x), 'swish')
  if (block.gated) x = gate(b, `${name}_se`, x, Math.max(1, Math.trunc(channels / 4)))
  return project(b, name, input, x, block, 1)
}

/** 1 × 1 or larger back to `filters` channels, and the sum where shapes allow one. */
export function project(
  b: GraphBuilder,
  name: string,
  input: string,
  x: string,
  { filters, strides, expansion }: Pick<Stage, 'filters' | 'strides' | 'expansion'>,
  kernel: number
): string {
  const residual = strides === 1 && b.channelsOf(input) === filters
  const own = kernel === 1 ? 1 : strides
  let y = b.conv(`${name}_project_conv`, x, { filters, kernel, strides: own })
  y = b.batchNorm(`${name}_project_bn`, y, { gamma: residual ? RESIDUAL_GAIN : 1 })
  if (kernel > 1 && expansion === 1) y = b.activation(`${name}_project_activation`, y, 'swish')
  return residual ? b.add(`${name}_add`, [y, input]) : y
}

/** Squeeze and excitation: https://arxiv.org/abs/1709.01507 */
function gate(b: GraphBuilder, prefix: string, input: string, squeezed: number): string {
  let x = b.globalPool(`${prefix}_squeeze`, input, true)
  x = b.conv(`${prefix}_reduce`, x, { filters: squeezed, bias: true, activation: 'swish' })
  x = b.conv(`${prefix}_expand`, x, { filters: b.channelsOf(input), bias: true, activation: 'sigmoid' })
  return b.multiply(`${prefix}_excite`, [input, x])
}

/** The last convolution, the pooling and the dense layer, as Keras names them. */
export function efficientTop(b: GraphBuilder, input: string, filters: number, rate: number, classes: number | null) {
  let x = b.conv('top_conv', input, { filters })
  x = b.activation('top_activation', b.batchNorm('top_bn', x), 'swish')
  x = b.globalPool('avg_pool', x)
  return b.build(classes === null ? x : b.dense('predictions', b.dropout('top_dropout', x, rate), classes))
}

/** Blocks are 'block1a', 'block2a', 'block2b' … */
export const blockName = (stage: number, index: number): string => `block${stage + 1}${String.fromCharCode(97 + index)}`
