/** The head that a fine-tune begins with where no head was trained before it. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { accuracyOf, confusionMatrix, meanCrossEntropy, predictedClasses } from '@shared/statistics/classification'
import { predictFeatures } from './evaluate'
import type { BestEpoch, HeadWeights } from './finetune-contract'
import type { FeatureSet } from './head-data'
import { startingHead } from './head-initial'
import type { HeadRuntime } from './head-sessions'
import { derive } from './random'
import type { SplitFeatures } from './run-data'

/** As Keras' Dense begins (Glorot & Bengio 2010): uniform within ±√(6 / (inputs + classes)), bias zero. */
export function untrainedHead(train: Pick<FeatureSet, 'width'>, classes: number, config: TrainingConfig): HeadWeights {
  const head = startingHead({ train, classes, config })
  const random = derive(config.seed, 'head', 'initial')
  const limit = Math.sqrt(6 / (head.kernel.length / classes + classes))
  return { ...head, kernel: head.kernel.map(() => random.uniform(-limit, limit)) }
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
