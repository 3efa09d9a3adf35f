/** One step of fine-tuning: micro-batches forward and back, then the optimiser. */
import { StudioError } from '@shared/errors'
import type { TrainingConfig } from '@shared/domain/training-config'
import { argMax } from '@shared/statistics/classification'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { originSentence, type Origin } from '../../diagnosis/live/not-a-number'
import { classWeights } from '../class-balance'
import { dropoutFactors } from '../dropout'
import { derive, type TrainingRandom } from '../random'
import { addGradients, disposeGradients, scaleGradients } from './gradient-sum'
import { batchTargets, type BatchTargets } from './batch-targets'
import { findOrigin } from './find-origin'
import { NativeOptimizer } from './optimizer'
import type { Gradients } from './parameters'
import type { LearningBatch } from './step-inputs'
import { StepProbe, type Probed } from './step-probe'
import type { Targets } from './trainable-head'
import type { TrainableNetwork } from './trainable-network'

export interface StepResult {
  /** Mean over the images, class weights included, nats. */
  loss: number
  /** Images that the network was right about. */
  right: number
  images: number
  /** Global norm of the gradient before clipping. */
  gradientNorm: number
  /** Null but every so many steps. */
  probe: Probed | null
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
  readonly #probe: StepProbe

  /**
   * @param train all training images, whose classes are weighed.
   * @param shape of one input.
   * @param blockOf what a parameter's part of the network is called.
   */
  constructor(
    ops: NativeOps,
    network: TrainableNetwork,
    config: TrainingConfig,
    train: readonly LabelledImage[],
    shape: readonly [number, number, number],
    blockOf: (key: string) => string = (key) => key.split('/')[0]!
  ) {
    this.#ops = ops
    this.#network = network
    this.#config = config
    this.#shape = shape
    this.optimizer = new NativeOptimizer(ops, network.parameters.all, config.fineTune)
    this.#probe = new StepProbe(ops, network.parameters.all, blockOf)
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
    if (!Number.isFinite(loss)) throw this.#broken('The training loss is not a number', batches, total)
    this.#probe.begin(this.steps - 1, total)
    const gradientNorm = this.optimizer.step(total, learningRate)
    const probe = this.#probe.end()
    if (!Number.isFinite(gradientNorm)) throw this.#broken('The gradient is not a number', batches, total)
    return { loss, right, images, gradientNorm, probe }
  }

  /** @param batches that it came of, as far as they are known */
  diverged(what: string, batches: readonly LearningBatch[] = [], gradients: Gradients | null = null): StudioError {
    const { learningRate } = this.#config.fineTune
    const origin: Origin | null = findOrigin(this.#ops, this.#network, batches, this.#shape, gradients)
    return new StudioError(
      'run/diverged',
      `${what} at step ${this.steps} of fine-tuning (peak learning rate ${learningRate}).` +
        (origin ? ` ${originSentence(origin)}` : ''),
      { step: this.steps, learningRate, ...(origin && { origin }) }
    )
  }

  dispose(): void {
    this.optimizer.dispose()
  }

  #broken(what: string, batches: readonly LearningBatch[], gradients: Gradients): StudioError {
    const error = this.diverged(what, batches, gradients)
    disposeGradients(gradients)
    return error
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
