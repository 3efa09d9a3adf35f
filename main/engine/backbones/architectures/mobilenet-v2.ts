/** MobileNetV2: inverted residuals with linear bottlenecks. https://arxiv.org/abs/1801.04381 */
import type { NetworkGraph } from '../graph'
import { currentName, makeDivisible, toMinusOneToOne, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder, RESIDUAL_GAIN } from './builder'

const SIZE = 224
const EXPANSION = 6

/** [filters, strides of the first, blocks] of each stage; the very first block does not expand. */
const STAGES = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 2, 3],
  [64, 2, 4],
  [96, 1, 3],
  [160, 2, 3],
  [320, 1, 1]
] as const

/** @param alpha width of every layer but the last: 0.35, 0.5, 0.75, 1, 1.3 or 1.4 where weights are published. */
export const mobileNetV2 = (alpha: number): Architecture => ({
  id: `mobilenet-v2-${alpha.toFixed(2)}`,
  name: `MobileNetV2 ${alpha.toFixed(2)}`,
  family: 'MobileNetV2',
  contract: toMinusOneToOne(SIZE),
  license: 'Apache-2.0',
  source: 'Keras Applications (MobileNetV2), trained on ImageNet by Google',
  build: (options) => build(alpha, options),
  layerName: currentName
})

function build(alpha: number, { weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder('mobilenetv2', weights)
  let x = b.conv('Conv1', b.input(size), { filters: makeDivisible(32 * alpha), kernel: 3, strides: 2 })
  x = b.relu('Conv1_relu', b.batchNorm('bn_Conv1', x), 6)
  let id = 0
  for (const [filters, strides, count] of STAGES) {
    for (let index = 0; index < count; index++) {
      x = block(b, x, id++, makeDivisible(Math.trunc(filters * alpha)), index === 0 ? strides : 1)
    }
  }
  x = b.conv('Conv_1', x, { filters: alpha > 1 ? makeDivisible(1280 * alpha) : 1280 })
  x = b.relu('out_relu', b.batchNorm('Conv_1_bn', x), 6)
  x = b.globalPool('global_average_pooling2d', x)
  return b.build(classes === null ? x : b.dense('predictions', x, classes))
}

function block(b: GraphBuilder, input: string, id: number, filters: number, strides: 1 | 2): string {
  const prefix = id === 0 ? 'expanded_conv' : `block_${id}`
  const channels = b.channelsOf(input)
  let x = input
  if (id > 0) {
    x = b.conv(`${prefix}_expand`, x, { filters: EXPANSION * channels })
    x = b.relu(`${prefix}_expand_relu`, b.batchNorm(`${prefix}_expand_BN`, x), 6)
  }
  // Keras pads by hand what is exactly TensorFlow's 'same', for even and odd sizes.
  x = b.depthwise(`${prefix}_depthwise`, x, { strides })
  x = b.relu(`${prefix}_depthwise_relu`, b.batchNorm(`${prefix}_depthwise_BN`, x), 6)
  const residual = strides === 1 && channels === filters
  x = b.conv(`${prefix}_project`, x, { filters })
  x = b.batchNorm(`${prefix}_project_BN`, x, { gamma: residual ? RESIDUAL_GAIN : 1 })
  return residual ? b.add(`${prefix}_add`, [input, x]) : x
}
