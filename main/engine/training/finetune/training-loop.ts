/** Epochs and steps of a fine-tune, on a network that is ready to be trained. */
import { setImmediate } from 'node:timers/promises'
import { StudioError } from '@shared/errors'
import { argMax } from '@shared/statistics/classification'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { EarlyStopping } from '../early-stopping'
import type { BestEpoch, FineTuneInput } from '../finetune-contract'
import { createSchedule, type Schedule } from '../schedules'
import { dropOut } from '../dropout'
import { derive, type TrainingRandom } from '../random'
import { softTargets } from '../head-data'
import type { InputBatch, TrainingInputs } from './image-inputs'
import { NativeOptimizer } from './optimizer'
import type { TrainableNetwork } from './trainable-network'
import { validate } from './validation'

export interface LoopResult {
  /** Parameters to give back, by key; null: those from before the first step. */
  weights: Map<string, Float32Array> | null
  epochsDone: number
  /** The epoch they come from. */
  best: BestEpoch
  stopped: boolean
}

interface Totals {
  images: number
  loss: number
  right: number
}

export class TrainingLoop {
  readonly #input: FineTuneInput
  readonly #ops: NativeOps
  readonly #network: TrainableNetwork
  readonly #inputs: TrainingInputs
  readonly #optimizer: NativeOptimizer
  readonly #dropout: TrainingRandom
  readonly #train: LabelledImage[]
  readonly #validation: LabelledImage[]
  #step = 0

  constructor(input: FineTuneInput, ops: NativeOps, network: TrainableNetwork, inputs: TrainingInputs) {
    this.#input = input
    this.#ops = ops
    this.#network = network
    this.#inputs = inputs
    this.#optimizer = new NativeOptimizer(ops, network.parameters.all, input.config.fineTune)
    this.#dropout = derive(input.config.seed, 'finetune', 'dropout')
    this.#train = input.images.filter(({ split }) => split === 'train')
    this.#validation = input.images.filter(({ split }) => split === 'validation')
  }

  /** @throws StudioError run/diverged */
  async run(): Promise<LoopResult> {
    const { config, reporter, signal, start } = this.#input
    const { epochs, batchSize } = config.fineTune
    const stepsPerEpoch = Math.ceil(this.#train.length / batchSize)
    const schedule = createSchedule(config.fineTune, stepsPerEpoch * epochs)
    const stopping = new EarlyStopping(config.earlyStopping, start)
    let kept: { weights: Map<string, Float32Array> | null; best: BestEpoch } = { weights: null, best: start }
    let epochsDone = 0
    reporter.onStart({ stepsPerEpoch, epochs })
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const totals = await this.#epoch(epoch, schedule)
      if (signal.aborted) break
      const scores = await validate(this.#ops, this.#network, this.#inputs, this.#validation, batchSize)
      if (!Number.isFinite(scores.loss)) throw this.#diverged('The validation loss is not a number')
      epochsDone = epoch
      reporter.onEpoch({
        epoch,
        step: this.#step,
        validationLoss: scores.loss,
        validationAccuracy: scores.accuracy,
        trainLoss: totals.loss / totals.images,
        trainAccuracy: totals.right / totals.images,
        validationProbabilities: scores.probabilities
      })
      const candidate = { epoch, validationLoss: scores.loss, validationAccuracy: scores.accuracy }
      const { improved, exhausted } = stopping.update(candidate)
      if (improved || !config.earlyStopping.restoreBest) {
        kept = { weights: this.#network.parameters.snapshot(), best: candidate }
      }
      if (exhausted) break
    }
    return { ...kept, epochsDone, stopped: signal.aborted }
  }

  dispose(): void {
    this.#optimizer.dispose()
  }

  /** Ends early, at the end of a step, when the signal says so. */
  async #epoch(epoch: number, schedule: Schedule): Promise<Totals> {
    const { reporter, signal } = this.#input
    const totals: Totals = { images: 0, loss: 0, right: 0 }
    let lastMs = performance.now()
    for await (const batch of this.#inputs.epoch(epoch)) {
      // Lets a stop arrive: TensorFlow computes on this thread.
      await setImmediate()
      if (signal.aborted) break
      if (batch.images.length === 0) continue
      const learningRate = schedule(this.#step)
      const { loss, accuracy } = this.#trainOn(batch, learningRate)
      const nowMs = performance.now()
      const imagesPerSecond = (batch.images.length * 1000) / (nowMs - lastMs)
      lastMs = nowMs
      totals.images += batch.images.length
      totals.loss += loss * batch.images.length
      totals.right += accuracy * batch.images.length
      reporter.onStep({ step: this.#step, loss, accuracy, learningRate, imagesPerSecond })
    }
    return totals
  }

  #trainOn({ images, values }: InputBatch, learningRate: number): { loss: number; accuracy: number } {
    const { classes, features } = this.#network
    const { labelSmoothing, dropout } = this.#input.config.fineTune
    const { tf } = this.#ops
    const x = tf.tensor4d(values, [images.length, ...this.#inputs.shape], 'float32')
    const labels = images.map(({ classIndex }) => classIndex)
    const targets = tf.tensor2d(softTargets(labels, classes, labelSmoothing), [images.length, classes], 'float32')
    const mask = dropout > 0 ? this.#mask(images.length, features, dropout) : null
    const { loss, logits, gradients } = this.#network.lossAndGradients(x, targets, mask)
    for (const tensor of [x, targets, mask]) tensor?.dispose()
    this.#step += 1
    if (!Number.isFinite(loss)) {
      for (const gradient of gradients.values()) gradient.dispose()
      throw this.#diverged('The training loss is not a number')
    }
    const norm = this.#optimizer.step(gradients, learningRate)
    if (!Number.isFinite(norm)) throw this.#diverged('The gradient is not a number')
    const right = labels.filter((label, row) => argMax(logits, row * classes, classes) === label)
    return { loss, accuracy: right.length / labels.length }
  }

  #mask(images: number, features: number, rate: number): Tensor {
    const factors = new Float32Array(images * features).fill(1)
    dropOut(factors, rate, this.#dropout)
    return this.#ops.tf.tensor2d(factors, [images, features], 'float32')
  }

  #diverged(what: string): StudioError {
    const { learningRate } = this.#input.config.fineTune
    return new StudioError(
      'run/diverged',
      `${what} at step ${this.#step} of fine-tuning (peak learning rate ${learningRate}).`,
      { step: this.#step, learningRate }
    )
  }
}
