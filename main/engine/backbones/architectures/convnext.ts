/** ConvNeXt-Tiny: a convolutional network with the habits of a transformer. https://arxiv.org/abs/2201.03545 */
import type { NetworkGraph } from '../graph'
import { currentName, IMAGENET_MEAN, IMAGENET_STD, raw, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder, RESIDUAL_GAIN } from './builder'

const SIZE = 224
const EPSILON = 1e-6
const PREFIX = 'convnext_tiny'

/** [blocks, channels] */
const STAGES = [
  [3, 96],
  [3, 192],
  [9, 384],
  [3, 768]
] as const

export const convNextTiny: Architecture = {
  id: 'convnext-tiny',
  name: 'ConvNeXt-Tiny',
  family: 'ConvNeXt',
  contract: raw(SIZE, 'bicubic'),
  license: 'Apache-2.0',
  source: "Keras Applications (ConvNeXtTiny), from the authors' weights (MIT), trained on ImageNet",
  build,
  layerName: currentName
}

function build({ weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder(PREFIX, weights)
  const scale = IMAGENET_STD.map((deviation) => 1 / (255 * deviation))
  const offset = IMAGENET_MEAN.map((mean, channel) => -mean / IMAGENET_STD[channel]!)
  let x = b.affine(`${PREFIX}_prestem_normalization`, b.input(size), scale, offset)
  STAGES.forEach(([count, filters], stage) => {
    x = stage === 0 ? stem(b, x, filters) : downsample(b, x, filters, stage - 1)
    for (let index = 0; index < count; index++) x = block(b, `${PREFIX}_stage_${stage}_block_${index}`, x)
  })
  x = b.globalPool(`${PREFIX}_head_gap`, x)
  x = b.layerNorm(`${PREFIX}_head_layernorm`, x, EPSILON)
  return b.build(classes === null ? x : b.dense(`${PREFIX}_head_dense`, x, classes))
}

function stem(b: GraphBuilder, input: string, filters: number): string {
  const options = { filters, kernel: 4, strides: 4, padding: 'valid' as const, bias: true }
  return b.layerNorm(`${PREFIX}_stem_layernorm`, b.conv(`${PREFIX}_stem_conv`, input, options), EPSILON)
}

function downsample(b: GraphBuilder, input: string, filters: number, index: number): string {
  const normed = b.layerNorm(`${PREFIX}_downsampling_layernorm_${index}`, input, EPSILON)
  const options = { filters, kernel: 2, strides: 2, padding: 'valid' as const, bias: true }
  return b.conv(`${PREFIX}_downsampling_conv_${index}`, normed, options)
}

function block(b: GraphBuilder, name: string, input: string): string {
  const channels = b.channelsOf(input)
  // Keras writes the depthwise convolution as one of as many groups as channels, whose kernel is [7, 7, 1, channels].
  const stored = { variable: 'kernel', shape: [7, 7, 1, channels] }
  let x = b.depthwise(`${name}_depthwise_conv`, input, { kernel: 7, bias: true }, stored)
  x = b.layerNorm(`${name}_layernorm`, x, EPSILON)
  x = b.denseMap(`${name}_pointwise_conv_1`, x, 4 * channels)
  x = b.denseMap(`${name}_pointwise_conv_2`, b.activation(`${name}_gelu`, x, 'gelu'), channels)
  return b.add(`${name}_add`, [input, b.scale(`${name}_layer_scale`, x, { values: RESIDUAL_GAIN })])
}
