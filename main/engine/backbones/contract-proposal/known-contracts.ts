/** The ways of preparing pictures that image models are trained with. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'

type Values = PreprocessingContract['mean']

export interface KnownContract {
  id: string
  /** What a network sees, and who trains so. */
  name: string
  colorOrder: 'RGB' | 'BGR'
  mean: Values
  std: Values
}

const all = (value: number): Values => [value, value, value]

/** Sources: Keras Applications' `preprocess_input`, TensorFlow Hub's common image signature, torchvision's weights. */
export const KNOWN_CONTRACTS: readonly KnownContract[] = [
  {
    id: 'minus-one-to-one',
    name: 'red, green, blue from −1 to 1 (MobileNet, ResNetV2, Inception)',
    colorOrder: 'RGB',
    mean: all(127.5),
    std: all(127.5)
  },
  {
    id: 'lite',
    name: 'red, green, blue as (x − 127) / 128 (EfficientNet-Lite)',
    colorOrder: 'RGB',
    mean: all(127),
    std: all(128)
  },
  {
    id: 'zero-to-one',
    name: 'red, green, blue from 0 to 1 (TensorFlow Hub)',
    colorOrder: 'RGB',
    mean: all(0),
    std: all(255)
  },
  {
    id: 'standardised',
    name: "red, green, blue less ImageNet's mean, by its standard deviation (torchvision, timm, DenseNet)",
    colorOrder: 'RGB',
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375]
  },
  {
    id: 'raw',
    name: 'red, green, blue from 0 to 255 (EfficientNet, MobileNetV3, ConvNeXt of Keras)',
    colorOrder: 'RGB',
    mean: all(0),
    std: all(1)
  },
  {
    id: 'caffe',
    name: "blue, green, red from 0 to 255 less ImageNet's mean (ResNet and VGG of Keras)",
    colorOrder: 'BGR',
    mean: [103.939, 116.779, 123.68],
    std: all(1)
  }
]

/** Resizing cannot be told from a network: the whole central square, bilinear. */
export const contractOf = ({ colorOrder, mean, std }: KnownContract, size: number): PreprocessingContract => ({
  size,
  colorOrder,
  mean,
  std,
  filter: 'bilinear',
  crop: 'center-crop',
  cropFraction: 1
})

type ValuesOf = Pick<KnownContract, 'colorOrder' | 'mean' | 'std'>

/** Whether what a network sees differs by less than a grey level or two: no measurement tells such contracts apart. */
export function isAlike(a: ValuesOf, b: ValuesOf): boolean {
  if (a.colorOrder !== b.colorOrder) return false
  return a.mean.every((mean, channel) => {
    const [low, high] = [0, 255].map((value) => {
      const [seen, other] = [(value - mean) / a.std[channel]!, (value - b.mean[channel]!) / b.std[channel]!]
      return Math.abs(seen - other) * a.std[channel]!
    })
    return Math.max(low!, high!) < 2
  })
}
