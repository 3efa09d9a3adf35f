/** ResNet-50, first (https://arxiv.org/abs/1512.03385) and second version (https://arxiv.org/abs/1603.05027). */
import type { NetworkGraph } from '../graph'
import { caffeContract, currentName, toMinusOneToOne, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder, RESIDUAL_GAIN } from './builder'

const SIZE = 224
const EPSILON = 1.001e-5

/** [filters, blocks] of the stages conv2 … conv5. */
const STAGES = [
  [64, 3],
  [128, 4],
  [256, 6],
  [512, 3]
] as const

const common = { license: 'Apache-2.0', layerName: currentName }

export const resNet50: Architecture = {
  id: 'resnet50',
  name: 'ResNet50',
  family: 'ResNet',
  contract: caffeContract(SIZE),
  source: "Keras Applications (ResNet50), from the authors' Caffe weights (MIT), trained on ImageNet",
  build: buildV1,
  ...common
}

export const resNet50V2: Architecture = {
  id: 'resnet50-v2',
  name: 'ResNet50V2',
  family: 'ResNetV2',
  contract: toMinusOneToOne(SIZE),
  source: 'Keras Applications (ResNet50V2), trained on ImageNet',
  build: buildV2,
  ...common
}

function buildV1({ weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder('resnet50', weights)
  let x = b.zeroPad('conv1_pad', b.input(size), [3, 3])
  x = b.conv('conv1_conv', x, { filters: 64, kernel: 7, strides: 2, padding: 'valid', bias: true })
  x = b.relu('conv1_relu', norm(b, 'conv1_bn', x))
  x = b.maxPool('pool1_pool', b.zeroPad('pool1_pad', x, [1, 1]), 3, 2)
  STAGES.forEach(([filters, count], stage) => {
    for (let index = 1; index <= count; index++) {
      x = blockV1(b, `conv${stage + 2}_block${index}`, x, filters, index === 1, index === 1 && stage > 0 ? 2 : 1)
    }
  })
  return top(b, x, classes)
}

function blockV1(b: GraphBuilder, name: string, input: string, filters: number, first: boolean, strides: number) {
  const bias = true
  let x = b.conv(`${name}_1_conv`, input, { filters, strides, padding: 'valid', bias })
  x = b.relu(`${name}_1_relu`, norm(b, `${name}_1_bn`, x))
  x = b.conv(`${name}_2_conv`, x, { filters, kernel: 3, bias })
  x = b.relu(`${name}_2_relu`, norm(b, `${name}_2_bn`, x))
  x = norm(b, `${name}_3_bn`, b.conv(`${name}_3_conv`, x, { filters: 4 * filters, bias }), RESIDUAL_GAIN)
  let shortcut = input
  if (first) {
    shortcut = b.conv(`${name}_0_conv`, input, { filters: 4 * filters, strides, padding: 'valid', bias })
    shortcut = norm(b, `${name}_0_bn`, shortcut)
  }
  return b.relu(`${name}_out`, b.add(`${name}_add`, [shortcut, x]))
}

function buildV2({ weights, classes = 1000, size = SIZE }: BuildOptions): NetworkGraph {
  const b = new GraphBuilder('resnet50v2', weights)
  let x = b.zeroPad('conv1_pad', b.input(size), [3, 3])
  x = b.conv('conv1_conv', x, { filters: 64, kernel: 7, strides: 2, padding: 'valid', bias: true })
  x = b.maxPool('pool1_pool', b.zeroPad('pool1_pad', x, [1, 1]), 3, 2)
  STAGES.forEach(([filters, count], stage) => {
    for (let index = 1; index <= count; index++) {
      x = blockV2(b, `conv${stage + 2}_block${index}`, x, filters, index === 1, index === count && stage < 3 ? 2 : 1)
    }
  })
  return top(b, b.relu('post_relu', norm(b, 'post_bn', x)), classes)
}

/** Norm and activation come first; the last block of a stage is the one that halves the picture. */
function blockV2(b: GraphBuilder, name: string, input: string, filters: number, first: boolean, strides: number) {
  const active = b.relu(`${name}_preact_relu`, norm(b, `${name}_preact_bn`, input))
  let shortcut = input
  if (first)
    shortcut = b.conv(`${name}_0_conv`, active, { filters: 4 * filters, strides, padding: 'valid', bias: true })
  else if (strides > 1) shortcut = b.maxPool(`${name}_0_pool`, input, 1, strides)
  let x = b.relu(`${name}_1_relu`, norm(b, `${name}_1_bn`, b.conv(`${name}_1_conv`, active, { filters })))
  x = b.zeroPad(`${name}_2_pad`, x, [1, 1])
  x = b.conv(`${name}_2_conv`, x, { filters, kernel: 3, strides, padding: 'valid' })
  x = b.relu(`${name}_2_relu`, norm(b, `${name}_2_bn`, x))
  x = b.conv(`${name}_3_conv`, x, { filters: 4 * filters, bias: true, gain: RESIDUAL_GAIN })
  return b.add(`${name}_out`, [shortcut, x])
}

function top(b: GraphBuilder, x: string, classes: number | null): NetworkGraph {
  const pooled = b.globalPool('avg_pool', x)
  return b.build(classes === null ? pooled : b.dense('predictions', pooled, classes))
}

const norm = (b: GraphBuilder, name: string, input: string, gamma = 1): string =>
  b.batchNorm(name, input, { epsilon: EPSILON, gamma })
