/**
 * Trains a head by gradients, batch by batch, on features that were computed once. Gradients come out of ONNX Runtime, everything
 * else is plain arithmetic: the same seed and data give the same head bit for bit, interrupted or not.
 */
import type { StudioError } from '@shared/errors'
import type { Random } from '@shared/random'
import {
  accuracyOf,
  argMax,
  confusionMatrix,
  meanCrossEntropy,
  predictedClasses
} from '@shared/statistics/classification'
import { classWeights, epochOrder } from './class-balance'
import { dropOut, dropoutFactors } from './dropout'
import { EarlyStopping } from './early-stopping'
import type { BestEpoch, HeadWeights } from './finetune-contract'
import { gatherRows } from '../data/feature-rows'
import { applyScaling, fitScaling, foldScaling, softTargets } from './head-data'
import { continueFrom, startingHead } from './head-initial'
import { headOrigin } from './head-origin'
import { HeadProbe } from './head-probe'
import { headParameters, openHeadSessions, shapeOfHead, type HeadSessions } from './head-sessions'
import { captureHeadLoop, restoreHeadLoop, type EpochCursor, type HeadLoop } from './head-state'
import { diverged, type HeadTrainingInput, type HeadTrainingResult } from './head-training'
import { clipByGlobalNorm, createOptimizer, type Optimizer } from './optimizers'
import { derive } from './random'
import { createSchedule, type Schedule } from './schedules'
import { updateAverage } from './weight-average'

/**
 * @returns null when it was stopped before its first step
 * @throws StudioError run/diverged when the loss is not a number any more
 */
export async function trainByGradient(input: HeadTrainingInput): Promise<HeadTrainingResult | null> {
  const head = startingHead(input)
  const sessions = await openHeadSessions(input.runtime, shapeOfHead(head))
  try {
    return await new GradientTraining(input, head, sessions).run()
  } finally {
    await sessions.dispose()
  }
}

class GradientTraining implements HeadLoop {
  readonly optimizer: Optimizer
  readonly schedule: Schedule
  readonly stopping: EarlyStopping
  readonly average: HeadWeights | null
  shuffling: Random
  dropping: Random
  kept: { head: HeadWeights; epoch: BestEpoch } | null = null
  cursor: EpochCursor
  steps = 0
  epochsDone = 0
  private readonly probe: HeadProbe
  private readonly scaling
  private readonly train
  private readonly validation
  private readonly batchSize: number
  /** Of the batch in hand: the runtime is done with the last one when it answers. */
  private readonly inputs: Float32Array
  private readonly targets: Float32Array
  private readonly stepsPerEpoch: number

  constructor(
    private readonly input: HeadTrainingInput,
    readonly head: HeadWeights,
    private readonly sessions: HeadSessions
  ) {
    const { train, validation, classes, config } = input
    const weights = classWeights(train.labels, classes, config.balance.lossWeights)
    this.scaling = fitScaling(train, config.head.scaling)
    const targets = softTargets(train.labels, classes, config.head.labelSmoothing, weights)
    this.train = { values: applyScaling(train.values, this.scaling), labels: train.labels, targets }
    this.validation = { values: applyScaling(validation.values, this.scaling), labels: validation.labels }
    this.batchSize = Math.min(config.head.batchSize, train.labels.length)
    this.inputs = new Float32Array(this.batchSize * train.width)
    this.targets = new Float32Array(this.batchSize * classes)
    this.stepsPerEpoch = Math.ceil(train.labels.length / this.batchSize)
    this.stopping = new EarlyStopping(config.earlyStopping)
    this.shuffling = derive(config.seed, 'head', 'shuffle')
    this.dropping = derive(config.seed, 'head', 'dropout')
    if (input.initial) continueFrom(head, input.initial, this.scaling)
    this.probe = new HeadProbe(head)
    this.average = config.head.ema > 0 ? structuredClone(head) : null
    this.schedule = createSchedule(config.head, config.head.epochs * this.stepsPerEpoch)
    this.optimizer = createOptimizer(
      config.head,
      headParameters(head).map((values, index) => ({ values, decays: index % 2 === 0 }))
    )
    this.cursor = this.beginEpoch(1)
    if (input.resume) restoreHeadLoop(this, input.resume)
  }

  async run(): Promise<HeadTrainingResult | null> {
    const { config, reporter, signal } = this.input
    reporter.onStart({ stepsPerEpoch: this.stepsPerEpoch, epochs: config.head.epochs })
    while (this.cursor.epoch <= config.head.epochs && !signal.aborted) {
      const whole = await this.finishEpoch()
      if (whole) this.epochsDone = this.cursor.epoch
      const exhausted = this.cursor.seen > 0 && (await this.closeEpoch())
      this.cursor = this.beginEpoch(this.cursor.epoch + 1)
      if (exhausted) this.cursor.epoch = Infinity
      if (whole) this.input.onCheckpoint?.(() => captureHeadLoop(this))
    }
    return this.result()
  }

  /** The order of an epoch follows from the state of its stream at the epoch's beginning. */
  private beginEpoch(epoch: number): EpochCursor {
    return { epoch, place: 0, loss: 0, right: 0, seen: 0, shuffleState: this.shuffling.state() }
  }

  /** @returns whether it came to the epoch's end */
  private async finishEpoch(): Promise<boolean> {
    const { classes, signal, config, onCheckpoint, checkpointEvery = 1 } = this.input
    const { cursor } = this
    const order = epochOrder(this.train.labels, classes, config.balance.sampling, this.shuffling)
    while (cursor.place < order.length && !signal.aborted) {
      const rows = order.subarray(cursor.place, cursor.place + this.batchSize)
      await this.takeStep(rows)
      cursor.place += rows.length
      const within = cursor.place < order.length
      if (within && this.steps % checkpointEvery === 0) onCheckpoint?.(() => captureHeadLoop(this))
    }
    return cursor.place >= order.length
  }

  private async takeStep(rows: Int32Array): Promise<void> {
    const { config, reporter } = this.input
    const startedAt = performance.now()
    const learningRate = this.schedule(this.steps)
    const { loss, probabilities, gradients } = await this.batch(rows)
    if (!Number.isFinite(loss)) throw this.diverged('train', rows)
    this.probe.begin(this.steps, gradients, loss)
    if (config.head.clipNorm > 0) clipByGlobalNorm(gradients, config.head.clipNorm)
    this.optimizer.step(gradients, learningRate)
    this.steps++
    const measured = this.probe.end()
    if (this.average)
      updateAverage(headParameters(this.average), headParameters(this.head), config.head.ema, this.steps)
    const right = this.countRight(probabilities, rows)
    this.cursor.loss += loss * rows.length
    this.cursor.right += right
    this.cursor.seen += rows.length
    const seconds = (performance.now() - startedAt) / 1000
    reporter.onStep({
      step: this.steps,
      loss,
      accuracy: right / rows.length,
      learningRate,
      imagesPerSecond: rows.length / seconds,
      figures: { images: rows.length, ...measured }
    })
  }

  private async batch(rows: Int32Array): ReturnType<HeadSessions['step']> {
    const { width } = this.input.train
    const { classes, hidden } = this.head
    const { dropout } = this.input.config.head
    const x = this.inputs.subarray(0, rows.length * width)
    const y = this.targets.subarray(0, rows.length * classes)
    gatherRows(this.train.values, width, rows, x)
    gatherRows(this.train.targets, classes, rows, y)
    dropOut(x, dropout, this.dropping)
    const mask = hidden && dropoutFactors(rows.length * hidden.bias.length, dropout, this.dropping)
    return this.sessions.step(this.head, x, y, mask)
  }

  /** Validates; keeps the weights if they are the best, or the last where the configuration asks for the last. */
  private async closeEpoch(): Promise<boolean> {
    const { epoch, loss, right, seen } = this.cursor
    const { classes } = this.head
    const weights = this.average ?? this.head
    const probabilities = await this.sessions.predict(weights, this.validation.values)
    const { labels } = this.validation
    const validationLoss = meanCrossEntropy(probabilities, labels, classes)
    if (!Number.isFinite(validationLoss)) throw this.diverged('validation', labels.length)
    const guesses = predictedClasses(probabilities, classes)
    const validationAccuracy = accuracyOf(confusionMatrix(labels, guesses, classes))
    const candidate = { epoch, validationLoss, validationAccuracy }
    const { improved, exhausted } = this.stopping.update(candidate)
    this.schedule.observe(validationLoss)
    if (improved || !this.input.config.earlyStopping.restoreBest) {
      this.kept = { head: structuredClone(weights), epoch: candidate }
    }
    const deadUnits = this.probe.closeEpoch()
    this.input.reporter.onEpoch({
      ...candidate,
      step: this.steps,
      trainLoss: loss / seen,
      trainAccuracy: right / seen,
      validationProbabilities: probabilities,
      ...(deadUnits && { deadUnits })
    })
    return exhausted
  }

  private result(): HeadTrainingResult | null {
    const { best } = this.stopping
    if (!this.kept || !best) return null
    return {
      head: foldScaling(this.kept.head, this.scaling),
      epochsDone: this.epochsDone,
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

  /** @param rows that it came of; a number: all of them */
  private diverged(split: 'train' | 'validation', rows: Int32Array | number): StudioError {
    const { images, config } = this.input
    const { values } = split === 'train' ? this.train : this.validation
    const of = typeof rows === 'number' ? Int32Array.from({ length: rows }, (_, row) => row) : rows
    const features = { values, width: this.input.train.width }
    const origin = images && headOrigin(this.average ?? this.head, features, of, images[split])
    return diverged(this.steps, this.cursor.epoch, config.head.learningRate, origin)
  }
}
