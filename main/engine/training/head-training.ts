/** What training a head takes and gives, whichever way it is done. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { originSentence, type Origin } from '../diagnosis/live/not-a-number'
import type { BestEpoch, HeadWeights, PhaseReporter } from './finetune-contract'
import type { FeatureValues } from '../data/feature-rows'
import type { FeatureSet } from './head-data'
import type { HeadRuntime } from './head-sessions'
import type { Resumable } from './loop-state'

export interface HeadTrainingInput extends Resumable {
  runtime: HeadRuntime
  train: FeatureSet<FeatureValues>
  validation: FeatureSet<FeatureValues>
  classes: number
  config: Pick<TrainingConfig, 'head' | 'balance' | 'earlyStopping' | 'seed'>
  reporter: Omit<PhaseReporter, 'onUnreadable'>
  /** On plain features; where the training begins if its shape fits. Left out: from scratch. */
  initial?: HeadWeights
  /** Of the rows, to name them. */
  images?: { train: readonly LabelledImage[]; validation: readonly LabelledImage[] }
  /** Aborted: end after this step, and give back the best so far. */
  signal: AbortSignal
}

export interface HeadTrainingResult {
  /** On plain, unscaled features. */
  head: HeadWeights
  epochsDone: number
  /** Steps done. */
  steps: number
  best: BestEpoch
  /** Of the weights in `head`: equal to `best` unless the configuration keeps the last epoch. */
  kept: BestEpoch
  stopped: boolean
}

/** The loss is not a number any more: says where, and which rate to try. */
export function diverged(step: number, epoch: number, learningRate: number, origin?: Origin | null): StudioError {
  const suggestion = Number((learningRate / 10).toPrecision(2))
  return new StudioError(
    'run/diverged',
    `The loss is not a number after step ${step} (epoch ${epoch}): the learning rate ${learningRate} is too high. ` +
      `Try head.learningRate = ${suggestion}.${origin ? ` ${originSentence(origin)}` : ''}`,
    { step, epoch, learningRate, suggestion, ...(origin && { origin }) }
  )
}
