/** The head's own training, on the sample and no longer than it takes to see how it goes. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { HeadWeights } from '../training/finetune-contract'
import type { HeadRuntime } from '../training/head-sessions'
import { trainHead } from '../training/train-head'
import type { HeldOut } from './sample'

/** What a trial takes at most: a second or so. */
const MOST_STEPS = 300

export interface HeadTrial {
  /** Highest loss of a training batch after the first, nats; infinite when it diverged. */
  highest: number
  /** Mean over the training batches of the last epoch; infinite as above. */
  trained: number
  /** Lowest of the validations on what was held out, nats. */
  best: number
  /** Of the last validation. */
  last: number
  /** Share that was right at the best one. */
  accuracy: number
  /** Rows that were held out. */
  held: number
  /** Steps that the whole training has for each that the trial took: 1 when it was not cut. */
  cut: number
  /** On the trial's inputs; null when it diverged. */
  head: HeadWeights | null
}

interface TrialInput {
  runtime: HeadRuntime
  data: HeldOut
  classes: number
  config: TrainingConfig
  /** Of the whole dataset. */
  trainCount: number
  signal: AbortSignal
}

/** As many steps as the real training has, as far as `MOST_STEPS`; by as many more epochs as the sample is smaller. */
export async function tryHead(input: TrialInput): Promise<HeadTrial> {
  const { runtime, data, classes, trainCount, signal } = input
  const { config, steps, wanted } = shortened(input.config, trainCount, data.fit.labels.length)
  const trial: HeadTrial = {
    highest: 0,
    trained: 0,
    best: Infinity,
    last: Infinity,
    accuracy: 0,
    held: data.held.labels.length,
    cut: wanted / steps,
    head: null
  }
  try {
    const result = await trainHead({
      runtime,
      train: data.fit,
      validation: data.held,
      classes,
      config,
      signal,
      reporter: {
        onStart: () => undefined,
        onStep: ({ step, loss }) => {
          if (step > 1) trial.highest = Math.max(trial.highest, loss)
        },
        onEpoch: ({ validationLoss, validationAccuracy, trainLoss }) => {
          trial.trained = trainLoss ?? trial.trained
          trial.last = validationLoss
          if (validationLoss >= trial.best) return
          trial.best = validationLoss
          trial.accuracy = validationAccuracy
        }
      }
    })
    return { ...trial, head: result?.head ?? null }
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'run/diverged') throw error
    return { ...trial, highest: Infinity, trained: Infinity, last: Infinity }
  }
}

function shortened(config: TrainingConfig, trainCount: number, sampled: number) {
  const { head } = config
  const stepsOf = (rows: number): number => Math.ceil(rows / Math.min(head.batchSize, Math.max(1, rows)))
  const wanted = head.epochs * stepsOf(trainCount)
  const perEpoch = stepsOf(sampled)
  const epochs = Math.max(1, Math.round(Math.min(wanted, MOST_STEPS) / perEpoch))
  const shortened: TrainingConfig = {
    ...config,
    head: { ...head, epochs },
    earlyStopping: { ...config.earlyStopping, enabled: false, restoreBest: true }
  }
  return { config: shortened, steps: epochs * perEpoch, wanted: head.method === 'lbfgs' ? epochs * perEpoch : wanted }
}
