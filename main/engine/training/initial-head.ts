/** The head that a fine-tune begins with where no head was trained before it. */
import { accuracyOf, confusionMatrix, meanCrossEntropy, predictedClasses } from '@shared/statistics/classification'
import { predictFeatures } from './evaluate'
import type { BestEpoch, HeadWeights } from './finetune-contract'
import type { HeadRuntime } from './head-sessions'
import { derive } from './random'
import type { SplitFeatures } from './run-data'

/** Glorot & Bengio 2010, as Keras' Dense begins: uniform within ±√(6 / (features + classes)), bias zero. */
export function initialHead(features: number, classes: number, seed: number): HeadWeights {
  const random = derive(seed, 'head', 'initial')
  const limit = Math.sqrt(6 / (features + classes))
  const kernel = Float32Array.from({ length: features * classes }, () => random.uniform(-limit, limit))
  return { kernel, bias: new Float32Array(classes), classes }
}

/** Epoch 0 of such a fine-tune. */
export async function scoreHead(
  runtime: HeadRuntime,
  head: HeadWeights,
  validation: SplitFeatures
): Promise<BestEpoch> {
  const { labels } = validation.features
  const { probabilities } = await predictFeatures(runtime, head, [validation])
  const guesses = predictedClasses(probabilities, head.classes)
  return {
    epoch: 0,
    validationLoss: meanCrossEntropy(probabilities, labels, head.classes),
    validationAccuracy: accuracyOf(confusionMatrix(labels, guesses, head.classes))
  }
}
