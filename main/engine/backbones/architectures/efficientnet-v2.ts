/** EfficientNetV2-B0: early blocks with one dense convolution in place of two. https://arxiv.org/abs/2104.00298 */
import type { NetworkGraph } from '../graph'
import { currentName, IMAGENET_MEAN, IMAGENET_STD, raw, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder } from './builder'
import { blockName, efficientTop, mbConv, project, type Stage } from './mbconv'

const SIZE = 224

/** Stages whose blocks are not gated are the fused ones. */
const STAGES: readonly Stage[] = [
  { kernel: 3, count: 1, strides: 1, expansion: 1, filters: 16, gated: false },
  { kernel: 3, count: 2, strides: 2, expansion: 4, filters: 32, gated: false },
  { kernel: 3, count: 2, strides: 2, expansion: 4, filters: 48, gated: false },
  { kernel: 3, count: 3, strides: 2, expansion: 4, filters: 96, gated: true },
  { kernel: 3, count: 5, strides: 1, expansion: 6, filters: 112, gated: true },
  { kernel: 3, count: 8, strides: 2, expansion: 6, filters: 192, gated: true }
]

export const efficientNetV2B0: Architecture = {
  id: 'efficientnet-v2-b0',
  name: 'EfficientNetV2-B0',
  family: 'EfficientNetV2',
  contract: raw(SIZE, 'bicubic'),
  license: 'Apache-2.0',
  source: 'Keras Applications (EfficientNetV2B0), trained on ImageNet by Google',
  build,
  layerName: currentName
}

function build({ weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder('efficientnetv2-b0', weights)
  const scale = IMAGENET_STD.map((deviation) => 1 / (255 * deviation))
  const offset = IMAGENET_MEAN.map((mean, channel) => -mean / IMAGENET_STD[channel]!)
  let x = b.affine('normalization', b.input(size), scale, offset)
  x = b.conv('stem_conv', x, { filters: 32, kernel: 3, strides: 2 })
  x = b.activation('stem_activation', b.batchNorm('stem_bn', x), 'swish')
  STAGES.forEach((stage, which) => {
    for (let index = 0; index < stage.count; index++) {
      const name = blockName(which, index)
      const own: Stage = { ...stage, strides: index === 0 ? stage.strides : 1 }
      x = own.gated ? mbConv(b, name, x, { ...own, depthwise: 'dwconv2' }) : fusedMbConv(b, name, x, own)
    }
  })
  return efficientTop(b, x, 1280, 0.2, classes)
}

/** Expansion and depthwise convolution in one; without expansion, the projection is that one. */
function fusedMbConv(b: GraphBuilder, name: string, input: string, block: Stage): string {
  if (block.expansion === 1) return project(b, name, input, input, block, block.kernel)
  const filters = b.channelsOf(input) * block.expansion
  const wide = b.conv(`${name}_expand_conv`, input, { filters, kernel: block.kernel, strides: block.strides })
  const x = b.activation(`${name}_expand_activation`, b.batchNorm(`${name}_expand_bn`, wide), 'swish')
  return project(b, name, input, x, block, 1)
}
