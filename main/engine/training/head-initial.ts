/** The weights that a head begins with. */
import type { HeadWeights } from './finetune-contract'
import type { HeadTrainingInput } from './head-training'
import { unfoldScaling, type FeatureScaling } from './head-data'
import { headParameters } from './head-sessions'
import { derive } from './random'

/**
 * The softmax layer is zero: alone it is a convex problem, and its first loss is ln K whatever the seed. A hidden layer has
 * normal weights of variance 2/features, as ReLU wants them (He et al. 2015), out of the run's seed.
 */
export function startingHead({
  train,
  classes,
  config
}: Pick<HeadTrainingInput, 'classes' | 'config'> & { train: Pick<HeadTrainingInput['train'], 'width'> }): HeadWeights {
  const units = config.head.hiddenUnits
  const bias = new Float32Array(classes)
  if (units === 0) return { kernel: new Float32Array(train.width * classes), bias, classes }
  const random = derive(config.seed, 'head', 'hidden layer')
  const deviation = Math.sqrt(2 / train.width)
  const hidden = {
    kernel: Float32Array.from({ length: train.width * units }, () => deviation * random.normal()),
    bias: new Float32Array(units)
  }
  return { kernel: new Float32Array(units * classes), bias, classes, hidden }
}

/**
 * Begins where another training of the same head ended.
 *
 * @param head changed in place, and left as it is where the other has another shape
 * @param other on plain features
 */
export function continueFrom(head: HeadWeights, other: HeadWeights, scaling: FeatureScaling): void {
  const [into, from] = [headParameters(head), headParameters(unfoldScaling(other, scaling))]
  const fits = into.length === from.length && into.every(({ length }, place) => length === from[place]!.length)
  if (fits) into.forEach((values, place) => values.set(from[place]!))
}
