/** EfficientNet-B0 … B3. https://arxiv.org/abs/1905.11946 */
import type { NetworkGraph } from '../graph'
import { currentName, IMAGENET_MEAN, IMAGENET_STD, raw, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder } from './builder'
import { blockName, EFFICIENTNET_STAGES, efficientTop, mbConv, scaleDepth, scaleWidth } from './mbconv'

/** [width, depth, size, dropout] */
const VARIANTS = {
  b0: [1, 1, 224, 0.2],
  b1: [1, 1.1, 240, 0.2],
  b2: [1.1, 1.2, 260, 0.3],
  b3: [1.2, 1.4, 300, 0.3]
} as const

type Variant = keyof typeof VARIANTS

export const efficientNet = (variant: Variant): Architecture => ({
  id: `efficientnet-${variant}`,
  name: `EfficientNet-${variant.toUpperCase()}`,
  family: 'EfficientNet',
  contract: raw(VARIANTS[variant][2], 'bicubic'),
  license: 'Apache-2.0',
  source: `Keras Applications (EfficientNet${variant.toUpperCase()}), trained on ImageNet by Google`,
  build: (options) => build(variant, options),
  layerName: currentName
})

function build(variant: Variant, { weights, classes = 1000, size }: BuildOptions): NetworkGraph {
  const [width, depth, ownSize, rate] = VARIANTS[variant]
  const b = new GraphBuilder(`efficientnet${variant}`, weights)
  let x = normalize(b, b.input(size ?? ownSize))
  x = b.conv('stem_conv', x, { filters: scaleWidth(32, width), kernel: 3, strides: 2 })
  x = b.activation('stem_activation', b.batchNorm('stem_bn', x), 'swish')
  EFFICIENTNET_STAGES.forEach(({ count, strides, filters, ...stage }, which) => {
    for (let index = 0; index < scaleDepth(count, depth); index++) {
      x = mbConv(b, blockName(which, index), x, {
        ...stage,
        filters: scaleWidth(filters, width),
        strides: index === 0 ? strides : 1,
        gated: true,
        depthwise: 'dwconv'
      })
    }
  })
  return efficientTop(b, x, scaleWidth(1280, width), rate, classes)
}

/**
 * Rescaling to 0–1 and Keras' Normalization, (x − mean) / √variance, as one map. The published files hold ImageNet's standard
 * deviation where its square belongs, and Keras divides once more by its root when it loads them; so does this, when it
 * meets those numbers. https://github.com/tensorflow/tensorflow/issues/49930
 */
function normalize(b: GraphBuilder, input: string): string {
  const mean = b.constant('normalization/mean', [3], { values: IMAGENET_MEAN })
  const variance = b.constant('normalization/variance', [3], { values: IMAGENET_STD })
  const published = variance.every((value, channel) => Math.abs(value - IMAGENET_STD[channel]!) < 1e-6)
  const deviation = Array.from(variance, (value) => (published ? value : Math.sqrt(value)))
  const scale = deviation.map((value) => 1 / (255 * value))
  const offset = deviation.map((value, channel) => -mean[channel]! / value)
  return b.affine('normalization', input, scale, offset)
}
