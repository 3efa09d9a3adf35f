/** What a built-in architecture is: a network without weights, and all that is known of it beforehand. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { NetworkGraph } from '../graph'
import type { WeightSource } from './weights'

export interface BuildOptions {
  /** Where the weights come from; called once for each variable, in the order of the layers. */
  weights: WeightSource
  /** Width of the top, 1,000 when left out; null leaves the top away, and the pooled features are the output. */
  classes?: number | null
  /** Side of the input picture, pixels; the contract's when left out. */
  size?: number
}

export interface Architecture {
  /** Unique, and fit for a folder's name. */
  id: string
  name: string
  family: string
  /** What the published ImageNet weights were trained on. */
  contract: PreprocessingContract
  /** Of the published weights. */
  license: string
  source: string
  /**
   * The network; its output is the top's logits, or the pooled features where there is no top. Nodes are named as the layers of
   * Keras Applications, weights `layer/variable` (`Conv1/kernel`, `bn_Conv1/moving_mean`); a depthwise kernel is
   * `depthwise_kernel`, as every Keras before version 3 writes it.
   */
  build(options: BuildOptions): NetworkGraph
  /** Our name of a layer, from the name that an older Keras gave it in the files that it published. */
  layerName(published: string): string
}

/** Names of tops that have changed over the years. */
export const currentName = (published: string): string =>
  published === 'Logits' || published === 'probs' ? 'predictions' : published

type Values = [number, number, number]

/** ImageNet's mean and standard deviation of red, green and blue, of 1. */
export const IMAGENET_MEAN: Values = [0.485, 0.456, 0.406]
export const IMAGENET_STD: Values = [0.229, 0.224, 0.225]

const channels = (value: number): Values => [value, value, value]

/**
 * Contracts differ in size, filter and range. The whole central square is kept, where ImageNet's evaluation cuts an eighth of
 * it away: what people photograph reaches the frame's edge.
 */
function contract(size: number, filter: 'bilinear' | 'bicubic', mean: Values, std: Values): PreprocessingContract {
  return { size, colorOrder: 'RGB', mean, std, filter, crop: 'center-crop', cropFraction: 1 }
}

/** x / 127.5 − 1. */
export const toMinusOneToOne = (size: number): PreprocessingContract =>
  contract(size, 'bilinear', channels(127.5), channels(127.5))

/** 0–255 as they are: the network's first layers rescale them. */
export const raw = (size: number, filter: 'bilinear' | 'bicubic'): PreprocessingContract =>
  contract(size, filter, channels(0), channels(1))

/** (x − 127) / 128, of EfficientNet-Lite. */
export const liteContract = (size: number): PreprocessingContract =>
  contract(size, 'bicubic', channels(127), channels(128))

/** Blue first, ImageNet's mean taken off, not scaled: Caffe's way, of the first ResNets. */
export const caffeContract = (size: number): PreprocessingContract => ({
  ...contract(size, 'bilinear', [103.939, 116.779, 123.68], channels(1)),
  colorOrder: 'BGR'
})

/** Rounded to the nearest multiple of 8 that is not more than a tenth below. https://arxiv.org/abs/1801.04381 */
export function makeDivisible(value: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor(Math.trunc(value + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * value ? rounded + divisor : rounded
}
