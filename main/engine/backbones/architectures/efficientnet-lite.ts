/**
 * EfficientNet-Lite0 … Lite2: EfficientNet without gates, with relu6, stem and head of one width
 * (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite). Layers are named as in the embedded Lite0.
 */
import type { NetworkGraph } from '../graph'
import { liteContract, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder, RESIDUAL_GAIN } from './builder'
import { EFFICIENTNET_STAGES, scaleDepth, scaleWidth } from './mbconv'

/** [width, depth, size, dropout] */
const VARIANTS = {
  lite0: [1, 1, 224, 0.2],
  lite1: [1, 1.1, 240, 0.2],
  lite2: [1.1, 1.2, 260, 0.3]
} as const

export type LiteVariant = keyof typeof VARIANTS

export const efficientNetLite = (variant: LiteVariant): Architecture => ({
  id: `efficientnet-${variant}`,
  name: `EfficientNet-${variant.replace('l', 'L')}`,
  family: 'EfficientNet-Lite',
  contract: liteContract(VARIANTS[variant][2]),
  license: 'Apache-2.0',
  source: `TPU EfficientNet-${variant.replace('l', 'L')} by Google, trained on ImageNet`,
  build: (options) => build(variant, options),
  layerName: (published) => published
})

function build(variant: LiteVariant, { weights, classes = 1000, size }: BuildOptions): NetworkGraph {
  const [width, depth, ownSize, rate] = VARIANTS[variant]
  const b = new GraphBuilder(`efficientnet-${variant}`, weights)
  let x = b.conv('stem_conv', b.input(size ?? ownSize), { filters: 32, kernel: 3, strides: 2 })
  x = b.relu('stem_act', b.batchNorm('stem_bn', x), 6)
  let id = 0
  EFFICIENTNET_STAGES.forEach(({ count, strides, filters, kernel, expansion }, which) => {
    // First and last stage keep their depth.
    const edge = which === 0 || which === EFFICIENTNET_STAGES.length - 1
    for (let index = 0; index < (edge ? count : scaleDepth(count, depth)); index++) {
      const own = { filters: scaleWidth(filters, width), kernel, expansion, strides: index === 0 ? strides : 1 }
      x = block(b, `b${id++}`, x, own)
    }
  })
  x = b.relu('head_act', b.batchNorm('head_bn', b.conv('head_conv', x, { filters: 1280 })), 6)
  x = b.globalPool('avgpool', x)
  return b.build(classes === null ? x : b.dense('logits', b.dropout('dropout', x, rate), classes))
}

function block(
  b: GraphBuilder,
  name: string,
  input: string,
  { filters, kernel, expansion, strides }: { filters: number; kernel: number; expansion: number; strides: number }
): string {
  const channels = b.channelsOf(input)
  let x = input
  if (expansion !== 1) {
    x = b.conv(`${name}_expand`, x, { filters: channels * expansion })
    x = b.relu(`${name}_act0`, b.batchNorm(`${name}_bn0`, x), 6)
  }
  x = b.relu(`${name}_act1`, b.batchNorm(`${name}_bn1`, b.depthwise(`${name}_dw`, x, { kernel, strides })), 6)
  const residual = strides === 1 && channels === filters
  x = b.conv(`${name}_project`, x, { filters })
  x = b.batchNorm(`${name}_bn2`, x, { gamma: residual ? RESIDUAL_GAIN : 1 })
  return residual ? b.add(`${name}_add`, [x, input]) : x
}
