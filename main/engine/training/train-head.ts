/**
 * Trains a softmax head on features that were computed once. Gradients come out of ONNX Runtime, everything else is plain
 * arithmetic: the same seed and data give the same head bit for bit.
 */
import { StudioError } from '@shared/errors'
import {
  accuracyOf,
  argMax,
  confusionMatrix,
  meanCrossEntropy,
  predictedClasses
} from '@shared/statistics/classification'
import type { TrainingConfig } from '@shared/domain/training-config'
import { dropOut } from './dropout'
import { EarlyStopping } from './early-stopping'
import type { BestEpoch, HeadWeights, PhaseReporter } from './finetune-contract'
import { applyScaling, fitScaling, foldScaling, gatherRows, softTargets, type FeatureSet } from './head-data'
import { openHeadSessions, type HeadRuntime, type HeadSessions } from './head-sessions'
import { createOptimizer } from './optimizers'
import { derive, type TrainingRandom } from './random'
import { createSchedule } from './schedules'

export interface HeadTrainingInput {
  runtime: HeadRuntime
  train: FeatureSet
  validation: FeatureSet
  classes: number
  config: Pick<TrainingConfig, 'head' | 'earlyStopping' | 'seed'>
  reporter: Omit<PhaseReporter, 'onUnreadable'>
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

/**
 * @returns null when it was stopped before its first step
 * @throws StudioError run/diverged when the loss is not a number any more
 */
export async function trainHead(input: HeadTrainingInput): Promise<HeadTrainingResult | null> {
  const sessions = await openHeadSessions(input.runtime, input.train.width, input.classes)
  try {
    return await new HeadTraining(input, sessions).run()
  } finally {
    await sessions.dispose()
  }
}

class HeadTraining {
  private readonly head: HeadWeights
  private readonly scaling
  private readonly train
  private readonly validation
  private readonly batchSize: number
  private readonly stepsPerEpoch: number
  private readonly stopping: EarlyStopping
  private readonly shuffling: TrainingRandom
  private readonly dropping: TrainingRandom
  private kept: { head: HeadWeights; epoch: BestEpoch } | null = null
  private steps = 0

  constructor(
    private readonly input: HeadTrainingInput,
    private readonly sessions: HeadSessions
  ) {
    const { train, validation, classes, config } = input
    this.scaling = fitScaling(train, config.head.scaling)
    const targets = softTargets(train.labels, classes, config.head.labelSmoothing)
    this.train = { values: applyScaling(train.values, this.scaling), labels: train.labels, targets }
    this.validation = { values: applyScaling(validation.values, this.scaling), labels: validation.labels }
    this.batchSize = Math.min(config.head.batchSize, train.labels.length)
    this.stepsPerEpoch = Math.ceil(train.labels.length / this.batchSize)
    this.stopping = new EarlyStopping(config.earlyStopping)
    this.shuffling = derive(config.seed, 'head', 'order')
    this.dropping = derive(config.seed, 'head', 'dropout')
    // Zero: the problem is convex, and the first loss is ln K whatever the seed.
    this.head = {
      kernel: new Float32Array(train.width * classes),
      bias: new Float32Array(classes),
      classes
    }
  }

  async run(): Promise<HeadTrainingResult | null> {
    const { config, reporter, signal } = this.input
    const { epochs } = config.head
    const optimizer = createOptimizer(config.head, [
      { values: this.head.kernel, decays: true },
      { values: this.head.bias, decays: false }
    ])
    const schedule = createSchedule(config.head, epochs * this.stepsPerEpoch)
    reporter.onStart({ stepsPerEpoch: this.stepsPerEpoch, epochs })
    let epochsDone = 0
    for (let epoch = 1; epoch <= epochs && !signal.aborted; epoch++) {
      const order = this.shuffling.permutation(this.train.labels.length)
      const totals = { loss: 0, right: 0, seen: 0 }
      for (let start = 0; start < order.length && !signal.aborted; start += this.batchSize) {
        const rows = order.subarray(start, start + this.batchSize)
        const startedAt = performance.now()
        const learningRate = schedule(this.steps)
        const { loss, probabilities, gradients } = await this.batch(rows)
        this.assertFinite(loss, epoch)
        optimizer.step(gradients, learningRate)
        this.steps++
        const right = this.countRight(probabilities, rows)
        totals.loss += loss * rows.length
        totals.right += right
        totals.seen += rows.length
        const seconds = (performance.now() - startedAt) / 1000
        const accuracy = right / rows.length
        reporter.onStep({ step: this.steps, loss, accuracy, learningRate, imagesPerSecond: rows.length / seconds })
      }
      const whole = totals.seen === order.length
      if (whole) epochsDone = epoch
      const exhausted = await this.closeEpoch(epoch, totals)
      if (exhausted) break
    }
    return this.result(epochsDone)
  }

  private async batch(rows: Int32Array): ReturnType<HeadSessions['step']> {
    const { width } = this.input.train
    const { classes } = this.head
    // Fresh arrays: the runtime may still read the last batch's.
    const x = new Float32Array(rows.length * width)
    const y = new Float32Array(rows.length * classes)
    gatherRows(this.train.values, width, rows, x)
    gatherRows(this.train.targets, classes, rows, y)
    dropOut(x, this.input.config.head.dropout, this.dropping)
    return this.sessions.step(this.head, x, y)
  }

  /** Validates; keeps the weights if they are the best, or the last where the configuration asks for the last. */
  private async closeEpoch(epoch: number, totals: { loss: number; right: number; seen: number }): Promise<boolean> {
    const { classes } = this.head
    const probabilities = await this.sessions.predict(this.head, this.validation.values)
    const { labels } = this.validation
    const validationLoss = meanCrossEntropy(probabilities, labels, classes)
    this.assertFinite(validationLoss, epoch)
    const guesses = predictedClasses(probabilities, classes)
    const validationAccuracy = accuracyOf(confusionMatrix(labels, guesses, classes))
    const candidate = { epoch, validationLoss, validationAccuracy }
    const { improved, exhausted } = this.stopping.update(candidate)
    if (improved || !this.input.config.earlyStopping.restoreBest) {
      const { kernel, bias } = this.head
      this.kept = { head: { kernel: kernel.slice(), bias: bias.slice(), classes }, epoch: candidate }
    }
    this.input.reporter.onEpoch({
      ...candidate,
      step: this.steps,
      trainLoss: totals.loss / totals.seen,
      trainAccuracy: totals.right / totals.seen,
      validationProbabilities: probabilities
    })
    return exhausted
  }

  private result(epochsDone: number): HeadTrainingResult | null {
    const { best } = this.stopping
    if (!this.kept || !best) return null
    return {
      head: foldScaling(this.kept.head, this.scaling),
      epochsDone,
      steps: this.steps,
      best,
      kept: this.kept.epoch,
      stopped: this.input.signal.aborted
    }
  }

  private countRight(probabilities: Float32Array, rows: Int32Array): number {
    const { classes } = this.head
    return rows.reduce(
      (count, row, place) =>
        count + (argMax(probabilities, place * classes, classes) === this.train.labels[row] ? 1 : 0),
      0
    )
  }

  private assertFinite(loss: number, epoch: number): void {
    if (Number.isFinite(loss)) return
    throw diverged(this.steps, epoch, this.input.config.head.learningRate)
  }
}

function diverged(step: number, epoch: number, learningRate: number): StudioError {
  const suggestion = Number((learningRate / 10).toPrecision(2))
  return new StudioError(
    'run/diverged',
    `The loss is not a number after step ${step} (epoch ${epoch}): the learning rate ${learningRate} is too high. ` +
      `Try head.learningRate = ${suggestion}.`,
    { step, epoch, learningRate, suggestion }
  )
}
