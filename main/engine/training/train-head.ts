/** Trains a softmax head on features that were computed once, by the method that its configuration names. */
import { trainByGradient } from './gradient-head'
import type { HeadTrainingInput, HeadTrainingResult } from './head-training'
import { trainLogistic } from './logistic/train-logistic'

export type { HeadTrainingInput, HeadTrainingResult } from './head-training'

/**
 * @returns null when it was stopped before there was anything to keep
 * @throws StudioError run/diverged when the loss is not a number any more
 */
export const trainHead = (input: HeadTrainingInput): Promise<HeadTrainingResult | null> =>
  input.config.head.method === 'lbfgs' ? trainLogistic(input) : trainByGradient(input)
