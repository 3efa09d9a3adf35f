/** Epochs and steps of a fine-tune, on a network that is ready to be trained. */
import { setImmediate } from 'node:timers/promises'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { EarlyStopping } from '../early-stopping'
import type { FineTuneInput } from '../finetune-contract'
import { createSchedule, type Schedule } from '../schedules'
import { captureLoop, restoreLoop, type EpochCursor, type KeptWeights, type LoopMemory } from './loop-memory'
import { FiredUnits } from './fired-units'
import { blockNames } from './layer-rates'
import type { ParameterStore } from './parameters'
import type { LearningBatch, StepInputs } from './step-inputs'
import type { TrainableNetwork } from './trainable-network'
import { TrainingStep } from './training-step'
import { validate, type Validation } from './validation'
import { WeightMean } from './weight-mean'

export interface LoopResult extends KeptWeights {
  epochsDone: number
  stopped: boolean
}

export class TrainingLoop implements LoopMemory {
  readonly parameters: ParameterStore
  readonly step: TrainingStep
  readonly mean: WeightMean | null
  readonly schedule: Schedule
  readonly stopping: EarlyStopping
  cursor: EpochCursor = firstOf(1)
  kept: KeptWeights
  epochsDone = 0
  finished = false
  /** What fires in the first step of an epoch. */
  #fired: FiredUnits | null = null
  /** Since the last step, for pictures. */
  #waitedMs = 0
  readonly #input: FineTuneInput
  readonly #ops: NativeOps
  readonly #network: TrainableNetwork
  readonly #inputs: StepInputs
  readonly #validation: readonly LabelledImage[]
  readonly #stepsPerEpoch: number
  /** Of the whole phase. */
  readonly #steps: number

  /** Goes on where `input.resume` was captured; `inputs` must have been opened to go on there. */
  constructor(input: FineTuneInput, ops: NativeOps, network: TrainableNetwork, inputs: StepInputs) {
    const { config, images, start } = input
    const { fineTune } = config
    this.#input = input
    this.#ops = ops
    this.#network = network
    this.#inputs = inputs
    this.#validation = images.filter(({ split }) => split === 'validation')
    this.#stepsPerEpoch = Math.ceil(inputs.batchesPerEpoch / fineTune.accumulate)
    this.#steps = Math.min(this.#stepsPerEpoch * fineTune.epochs, fineTune.maxSteps ?? Infinity)
    this.parameters = network.parameters
    const train = images.filter(({ split }) => split === 'train')
    this.step = new TrainingStep(ops, network, config, train, inputs.shape, blockNames(input.graph, input.blocks))
    this.mean = fineTune.ema > 0 ? new WeightMean(ops, this.parameters, fineTune.ema) : null
    this.schedule = createSchedule(fineTune, this.#steps)
    this.stopping = new EarlyStopping(config.earlyStopping, start)
    this.kept = { weights: null, best: start }
    if (input.resume) restoreLoop(this, input.resume)
  }

  /** @throws StudioError run/diverged */
  async run(): Promise<LoopResult> {
    const { reporter, signal, onCheckpoint } = this.#input
    const epochs = Math.max(1, Math.ceil(this.#steps / this.#stepsPerEpoch))
    reporter.onStart({ stepsPerEpoch: Math.min(this.#stepsPerEpoch, this.#steps), epochs })
    while (!this.finished && !signal.aborted) {
      await this.#trainEpoch()
      if (signal.aborted) break
      await this.#closeEpoch()
      onCheckpoint?.(() => captureLoop(this))
    }
    return { ...this.kept, epochsDone: this.epochsDone, stopped: signal.aborted }
  }

  dispose(): void {
    this.step.dispose()
    this.mean?.dispose()
  }

  /** Ends early, at the end of a step, when the signal says so. */
  async #trainEpoch(): Promise<void> {
    const { config, signal, onCheckpoint, checkpointEvery = 1 } = this.#input
    const { accumulate } = config.fineTune
    let waiting: LearningBatch[] = []
    let lastMs = performance.now()
    let askedMs = lastMs
    this.#waitedMs = 0
    if (this.cursor.batches === 0) this.#fired = new FiredUnits()
    for await (const batch of this.#inputs.epoch(this.cursor.epoch)) {
      this.#waitedMs += (performance.now() - askedMs) * (batch.pictureShare ?? 1)
      // Lets a stop arrive: TensorFlow computes on this thread.
      await setImmediate()
      if (signal.aborted || this.#isOver) return
      if (batch.images.length > 0) waiting.push(batch)
      const batches = batch.step + 1
      const isLast = batches === this.#inputs.batchesPerEpoch
      askedMs = performance.now()
      if (batches % accumulate !== 0 && !isLast) continue
      if (waiting.length > 0) lastMs = this.#takeStep(waiting, lastMs)
      waiting = []
      this.cursor.batches = batches
      // The end of an epoch is told after its validation.
      const within = !isLast && !this.#isOver
      if (within && this.step.steps % checkpointEvery === 0) onCheckpoint?.(() => captureLoop(this))
      askedMs = performance.now()
    }
  }

  #takeStep(batches: readonly LearningBatch[], lastMs: number): number {
    const learningRate = this.schedule(this.step.steps)
    this.#network.fired = this.cursor.images === 0 ? this.#fired : null
    const { loss, right, images, gradientNorm, probe } = this.step.take(batches, learningRate)
    this.#network.fired = null
    this.mean?.update(this.step.steps)
    const nowMs = performance.now()
    this.cursor.images += images
    this.cursor.loss += loss * images
    this.cursor.right += right
    this.#input.reporter.onStep({
      step: this.step.steps,
      loss,
      accuracy: right / images,
      learningRate,
      imagesPerSecond: (images * 1000) / (nowMs - lastMs),
      figures: {
        images,
        gradientNorm,
        waitShare: Math.min(1, this.#waitedMs / (nowMs - lastMs)),
        ...(probe && { probe })
      }
    })
    this.#waitedMs = 0
    return nowMs
  }

  get #isOver(): boolean {
    return this.step.steps >= this.#steps
  }

  /** Validates, keeps the weights if they are the best (or the last where those are asked for), and turns to the next. */
  async #closeEpoch(): Promise<void> {
    const { config, reporter } = this.#input
    const { epoch, loss, right, images } = this.cursor
    const scores = await (this.mean ? this.mean.inPlace(() => this.#scoreAndKeep()) : this.#scoreAndKeep())
    this.epochsDone = epoch
    const deadUnits = this.#fired?.result()
    this.#fired = null
    reporter.onEpoch({
      epoch,
      step: this.step.steps,
      validationLoss: scores.loss,
      validationAccuracy: scores.accuracy,
      trainLoss: loss / images,
      trainAccuracy: right / images,
      validationProbabilities: scores.probabilities,
      ...(deadUnits && { deadUnits })
    })
    this.schedule.observe(scores.loss)
    this.finished = scores.exhausted || epoch >= config.fineTune.epochs || this.#isOver
    this.cursor = firstOf(epoch + 1)
  }

  async #scoreAndKeep(): Promise<Validation & { exhausted: boolean }> {
    const { config } = this.#input
    const { epoch } = this.cursor
    const size = config.fineTune.batchSize
    const scores = await validate(this.#ops, this.#network, this.#inputs, this.#validation, size)
    if (!Number.isFinite(scores.loss)) throw this.step.diverged('The validation loss is not a number')
    const candidate = { epoch, validationLoss: scores.loss, validationAccuracy: scores.accuracy }
    const { improved, exhausted } = this.stopping.update(candidate)
    if (improved || !config.earlyStopping.restoreBest) {
      this.kept = { weights: this.parameters.snapshot(), best: candidate }
    }
    return { ...scores, exhausted }
  }
}

const firstOf = (epoch: number): EpochCursor => ({ epoch, batches: 0, images: 0, loss: 0, right: 0 })
