/** What a head trains on: feature rows, scaled, and soft targets. */
import type { HeadConfig } from '@shared/domain/training-config'
import { blocksOf, type FeatureValues } from '../data/feature-rows'
import type { HeadWeights, HiddenLayer } from './finetune-contract'

/** Rows of features and the class of each. */
export interface FeatureSet<Values extends FeatureValues = Float32Array> {
  /** [rows, features]. */
  values: Values
  /** Features in a row. */
  width: number
  /** Class index of each row. */
  labels: ArrayLike<number>
}

/** Rows that are looked at in one go: 5 MB at 1,280 features. */
const BLOCK_ROWS = 1024

/** z = (x − mean)·scale: the mean of each feature, one scale for all. */
export interface FeatureScaling {
  mean: Float32Array
  scale: number
}

/**
 * `center`: each feature to mean 0, and all of them by one factor to a mean variance of 1, so that a learning rate means the
 * same for every backbone. One factor, not one a feature: features that hardly vary are mostly noise, and stay small.
 * `none`: as they are.
 */
export function fitScaling(
  { values, width }: FeatureSet<FeatureValues>,
  method: HeadConfig['scaling']
): FeatureScaling {
  const mean = new Float32Array(width)
  if (method === 'none') return { mean, scale: 1 }
  const rows = values.length / width
  const sums = new Float64Array(width)
  for (const { values: block } of blocksOf(values, width, BLOCK_ROWS)) {
    for (let index = 0; index < block.length; index++) sums[index % width]! += block[index]!
  }
  for (let column = 0; column < width; column++) mean[column] = sums[column]! / rows
  let squares = 0
  for (const { values: block } of blocksOf(values, width, BLOCK_ROWS)) {
    for (let index = 0; index < block.length; index++) squares += (block[index]! - mean[index % width]!) ** 2
  }
  const deviation = Math.sqrt(squares / values.length)
  return { mean, scale: deviation > 0 ? 1 / deviation : 1 }
}

/** Of stored rows a view, which scales what it reads. */
export function applyScaling<Values extends FeatureValues>(values: Values, scaling: FeatureScaling): Values
export function applyScaling(values: FeatureValues, scaling: FeatureScaling): FeatureValues {
  if (values instanceof Float32Array) {
    const scaled = new Float32Array(values.length)
    scaleInto(scaled, values, scaling)
    return scaled
  }
  const { length, width } = values
  return {
    length,
    width,
    gather(rows, out) {
      values.gather(rows, out)
      const read = out.subarray(0, rows.length * width)
      scaleInto(read, read, scaling)
    }
  }
}

function scaleInto(out: Float32Array, values: Float32Array, { mean, scale: factor }: FeatureScaling): void {
  const width = mean.length
  // Two loops, since a remainder for each value would take longer than all the rest.
  for (let start = 0; start < values.length; start += width) {
    for (let column = 0; column < width; column++) {
      out[start + column] = (values[start + column]! - mean[column]!) * factor
    }
  }
}

/**
 * The head that gives on plain features what this one gives on scaled ones: in the layer that reads them, W' = scale·W,
 * b' = b − mean·W'.
 */
export function foldScaling(head: HeadWeights, scaling: FeatureScaling): HeadWeights {
  const { hidden } = head
  if (hidden) return { ...head, hidden: foldLayer(hidden, scaling) }
  return { ...foldLayer(head, scaling), classes: head.classes }
}

function foldLayer(layer: HiddenLayer, { mean, scale }: FeatureScaling): HiddenLayer {
  const units = layer.bias.length
  const kernel = layer.kernel.map((weight) => weight * scale)
  const shift = new Float64Array(units)
  for (let index = 0; index < kernel.length; index++) {
    shift[index % units]! += mean[Math.floor(index / units)]! * kernel[index]!
  }
  return { kernel, bias: layer.bias.map((value, index) => value - shift[index]!) }
}

/** What `foldScaling` made it of: W = W'/scale, b = b' + mean·W'. */
export function unfoldScaling(head: HeadWeights, scaling: FeatureScaling): HeadWeights {
  const { hidden } = head
  if (hidden) return { ...head, hidden: unfoldLayer(hidden, scaling) }
  return { ...unfoldLayer(head, scaling), classes: head.classes }
}

function unfoldLayer(layer: HiddenLayer, { mean, scale }: FeatureScaling): HiddenLayer {
  const units = layer.bias.length
  const shift = new Float64Array(units)
  for (let index = 0; index < layer.kernel.length; index++) {
    shift[index % units]! += mean[Math.floor(index / units)]! * layer.kernel[index]!
  }
  return {
    kernel: layer.kernel.map((weight) => weight / scale),
    bias: layer.bias.map((value, index) => value + shift[index]!)
  }
}

/**
 * One-hot rows with label smoothing (Szegedy et al. 2016): 1 − ε + ε/K for the truth, ε/K elsewhere, times the weight of the
 * image's class.
 */
export function softTargets(
  labels: ArrayLike<number>,
  classes: number,
  smoothing: number,
  classWeights?: Float32Array
): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes)
  for (let row = 0; row < labels.length; row++) targets[row * classes + labels[row]!]! += 1 - smoothing
  if (!classWeights) return targets
  for (let index = 0; index < targets.length; index++) {
    targets[index]! *= classWeights[labels[Math.floor(index / classes)]!]!
  }
  return targets
}
