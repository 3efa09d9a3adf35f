/** MobileNet: depthwise separable convolutions, one after the other. https://arxiv.org/abs/1704.04861 */
import type { NetworkGraph } from '../graph'
import { toMinusOneToOne, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder } from './builder'

const SIZE = 224

/** [filters, strides] of the blocks from 1 on. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1]
] as const

export const mobileNetV1 = (alpha: number): Architecture => ({
  id: `mobilenet-${alpha.toFixed(2)}`,
  name: `MobileNet ${alpha.toFixed(2)}`,
  family: 'MobileNet',
  contract: toMinusOneToOne(SIZE),
  license: 'Apache-2.0',
  source: 'Keras Applications (MobileNet), trained on ImageNet by Google',
  build: (options) => build(alpha, options),
  layerName: (published) => published
})

function build(alpha: number, { weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder('mobilenet', weights)
  const filtersOf = (filters: number): number => Math.trunc(filters * alpha)
  let x = b.conv('conv1', b.input(size), { filters: filtersOf(32), kernel: 3, strides: 2 })
  x = b.relu('conv1_relu', b.batchNorm('conv1_bn', x), 6)
  BLOCKS.forEach(([filters, strides], index) => {
    const [depthwise, pointwise] = [`conv_dw_${index + 1}`, `conv_pw_${index + 1}`]
    // Keras pads (0, 1) whatever the size, which is TensorFlow's 'same' for even sizes only.
    if (strides === 2) x = b.zeroPad(`conv_pad_${index + 1}`, x, [0, 1])
    x = b.depthwise(depthwise, x, { strides, padding: strides === 1 ? 'same' : 'valid' })
    x = b.relu(`${depthwise}_relu`, b.batchNorm(`${depthwise}_bn`, x), 6)
    x = b.conv(pointwise, x, { filters: filtersOf(filters) })
    x = b.relu(`${pointwise}_relu`, b.batchNorm(`${pointwise}_bn`, x), 6)
  })
  if (classes === null) return b.build(b.globalPool('avg_pool', x))
  x = b.dropout('dropout', b.globalPool('avg_pool', x, true), 0.001)
  return b.build(b.flatten('reshape_2', b.conv('conv_preds', x, { filters: classes, bias: true })))
}
