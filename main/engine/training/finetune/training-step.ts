/** One step of fine-tuning: micro-batches forward and back, then the optimiser. */
import { StudioError } from '@shared/errors'
import type { TrainingConfig } from '@shared/domain/training-config'
import { argMax } from '@shared/statistics/classification'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { classWeights } from '../class-balance'
import { dropoutFactors } from '../dropout'
import { derive, type TrainingRandom } from '../random'
import { addGradients, disposeGradients, scaleGradients } from './gradient-sum'
import { batchTargets, type BatchTargets } from './batch-targets'
import { NativeOptimizer } from './optimizer'
import type { Gradients } from './parameters'
import type { LearningBatch } from './step-inputs'
import type { Targets } from './trainable-head'
import type { TrainableNetwork } from './trainable-network'

export interface StepResult {
  /** Mean over the images, class weights included, nats. */
  loss: number
  /** Images that the network was right about. */
  right: number
  images: number
}

type DropoutStreams = Record<'features' | 'hidden', TrainingRandom>

export class TrainingStep {
  /** Steps taken. */
  steps = 0
  readonly optimizer: NativeOptimizer
  readonly #ops: NativeOps
  readonly #network: TrainableNetwork
  readonly #config: TrainingConfig
  readonly #shape: readonly [number, number, number]
  readonly #classWeights: Float32Array | null

  /** @param train all training images, whose classes are weighed. @param shape of one input. */
  constructor(
    ops: NativeOps,
    network: TrainableNetwork,
    config: TrainingConfig,
    train: readonly LabelledImage[],
    shape: readonly [number, number, number]
  ) {
    this.#ops = ops
    this.#network = network
    this.#config = config
    this.#shape = shape
    this.optimizer = new NativeOptimizer(ops, network.parameters.all, config.fineTune)
    const { lossWeights } = config.balance
    const labels = train.map(({ classIndex }) => classIndex)
    this.#classWeights = lossWeights === 'none' ? null : classWeights(labels, network.head.classes, lossWeights)
  }

  /**
   * @param batches parts of one batch, none empty; the result is that of the whole.
   * @throws StudioError run/diverged
   */
  take(batches: readonly LearningBatch[], learningRate: number): StepResult {
    const stream = (what: string): TrainingRandom => derive(this.#config.seed, 'finetune', what, this.steps)
    // A stream for each layer: the parts of a batch draw together what the whole would.
    const dropout = { features: stream('dropout'), hidden: stream('hidden dropout') }
    const images = batches.reduce((sum, batch) => sum + batch.images.length, 0)
    const total: Gradients = new Map()
    let [lossSum, right] = [0, 0]
    for (const batch of batches) {
      const own = batch.images.length
      const part = this.#part(batch, dropout)
      lossSum += part.lossSum
      right += part.right
      // Each part's gradients are means over itself: small numbers, whatever the whole's size.
      if (own !== images) scaleGradients(this.#ops, part.gradients, own / images)
      addGradients(this.#ops, total, part.gradients)
    }
    this.steps += 1
    const loss = lossSum / images
    if (!Number.isFinite(loss)) {
      disposeGradients(total)
      throw this.diverged('The training loss is not a number')
    }
    const norm = this.optimizer.step(total, learningRate)
    if (!Number.isFinite(norm)) throw this.diverged('The gradient is not a number')
    return { loss, right, images }
  }

  diverged(what: string): StudioError {
    const { learningRate } = this.#config.fineTune
    return new StudioError(
      'run/diverged',
      `${what} at step ${this.steps} of fine-tuning (peak learning rate ${learningRate}).`,
      { step: this.steps, learningRate }
    )
  }

  dispose(): void {
    this.optimizer.dispose()
  }

  #part(batch: LearningBatch, dropout: DropoutStreams): { lossSum: number; right: number; gradients: Gradients } {
    const { images, values, mix } = batch
    const { classes } = this.#network.head
    const { tf } = this.#ops
    const labels = images.map(({ classIndex }) => classIndex)
    const { labelSmoothing } = this.#config.fineTune
    const wanted = batchTargets(labels, mix, { classes, labelSmoothing, classWeights: this.#classWeights })
    const x = tf.tensor4d(values, [images.length, ...this.#shape], 'float32')
    const targets = this.#targets(wanted, dropout)
    const { lossSum, logits, gradients } = this.#network.lossAndGradients(x, targets, images.length)
    tf.dispose([x, targets] as never)
    const right = wanted.truth.filter((label, row) => argMax(logits, row * classes, classes) === label).length
    return { lossSum, right, gradients }
  }

  #targets({ probabilities, weights, truth }: BatchTargets, streams: DropoutStreams): Targets {
    const { tf } = this.#ops
    const { classes, features, units } = this.#network.head
    const { dropout } = this.#config.fineTune
    const rows = truth.length
    const mask = (width: number, random: TrainingRandom): Tensor =>
      tf.tensor2d(dropoutFactors(rows * width, dropout, random), [rows, width], 'float32')
    return {
      probabilities: tf.tensor2d(probabilities, [rows, classes], 'float32'),
      weights: weights && tf.tensor1d(weights, 'float32'),
      masks:
        dropout > 0
          ? { features: mask(features, streams.features), hidden: units > 0 ? mask(units, streams.hidden) : null }
          : null
    }
  }
}
