/**
 * What stands between the run (run-training.ts), which trains the head and keeps the books, and fine-tuning
 * (finetune/), which updates the backbone. Types only.
 *
 * Fine-tuning starts from the head that the first phase trained to convergence on frozen features (LP-FT, Kumar et al.
 * 2022, https://arxiv.org/abs/2202.10054). That head's validation loss is its 'epoch 0': what it gives back is the best
 * of its epochs or epoch 0 itself, so that it never ends below the head on validation.
 */
import type { ValueRanges } from '../backbones/onnx/quantized/ranges'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NetworkGraph, WeightTensor } from '../backbones/graph'
import type { DeadUnits } from '../diagnosis/live/recent'
import type { Executor } from '../executors/executor'
import type { Resumable } from './loop-state'

/** A dense softmax layer on pooled features, with or without a hidden layer between. */
export interface HeadWeights {
  /** [features, classes], or [units, classes] where there is a hidden layer; row-major. */
  kernel: Float32Array
  /** [classes]. */
  bias: Float32Array
  classes: number
  /** With ReLU. */
  hidden?: HiddenLayer
}

export interface HiddenLayer {
  /** [features, units], row-major. */
  kernel: Float32Array
  /** [units]. */
  bias: Float32Array
}

/** One of the units that 'unfreeze the last n' counts. */
export interface TrainableBlock {
  name: string
  /** Names of its nodes in the graph, in order. */
  nodes: readonly string[]
}

/** What a loop measures for the doctor beside what it trains by. */
export interface StepFigures {
  /** Of the step's batch. */
  images: number
  /** Global norm of the gradient before clipping; left out where it was not computed. */
  gradientNorm?: number
  /** Of the step's time, waiting for pictures. */
  waitShare?: number
  /** Every so many steps. */
  probe?: {
    /** Median over kernels of ‖update‖ / ‖weights‖. */
    updateRatio: number
    /** ‖gradient‖ of each part that learns, first to last. */
    blocks: { name: string; norm: number }[]
  }
}

export interface StepReport {
  /** Counted from 1 over the phase. */
  step: number
  /** Mean loss of the batch, label smoothing and regularisation included as the optimiser sees it, nats. */
  loss: number
  /** Share of the batch that is right. */
  accuracy: number
  learningRate: number
  imagesPerSecond: number
  figures?: StepFigures
}

export interface EpochReport {
  /** Counted from 1 over the phase; 0: the starting point, before the first step. */
  epoch: number
  /** Last step of the epoch, counted as in StepReport. */
  step: number
  /** Mean cross-entropy over the validation images, without label smoothing, nats. */
  validationLoss: number
  validationAccuracy: number
  /** Over the epoch's training batches, as they were seen (augmented, before each update). */
  trainLoss?: number
  trainAccuracy?: number
  /** Softmax outputs for the validation images in the order they were given, [images, classes]. */
  validationProbabilities?: Float32Array
  /** Rectified units that never fired; left out where there are none or it was not looked at. */
  deadUnits?: DeadUnits
}

/** What a phase tells while it trains. Called synchronously from the training loop; must return at once. */
export interface PhaseReporter {
  /** Before the first step. */
  onStart(plan: { stepsPerEpoch: number; epochs: number }): void
  onStep(report: StepReport): void
  onEpoch(report: EpochReport): void
  /** An image that could not be decoded now; it is left out of this phase. */
  onUnreadable(image: LabelledImage, error: unknown): void
}

/** Validation of one set of weights, and the epoch they come from (0: the starting point). */
export interface BestEpoch {
  epoch: number
  validationLoss: number
  validationAccuracy: number
}

export interface FineTuneInput extends Resumable {
  runtime: RuntimeLocation
  threads: number
  /** From the picture to the pooled features; batch-norm not folded, so that its parts can be kept. */
  graph: NetworkGraph
  /** First to last. */
  blocks: readonly TrainableBlock[]
  head: HeadWeights
  /** The head on the frozen backbone: epoch 0. */
  start: BestEpoch
  config: TrainingConfig
  contract: PreprocessingContract
  /** Train and validation images; those of the test split are never given. */
  images: readonly LabelledImage[]
  datasetRoot: string
  /** Folder for decoded pictures; null: none are kept. */
  decodedDirectory: string | null
  /** For whatever stays frozen. */
  executor: Executor
  /** Of what stays frozen, to run it in eight bits. */
  frozenRanges?: ValueRanges
  reporter: PhaseReporter
  /** Aborted: end after this step, and give back the best so far. */
  signal: AbortSignal
  /** Called with the best so far, if there is any, before the training ends by an error. */
  onFailed?: (best: FineTuneResult) => void
}

export interface FineTuneResult {
  head: HeadWeights
  /** Backbone tensors that changed, by their key in `graph.weights`, same shapes. Empty when epoch 0 was the best. */
  tensors: Map<string, WeightTensor>
  epochsDone: number
  best: BestEpoch
  /** Whether the signal ended it. */
  stopped: boolean
}

/** Exported by finetune/index.ts as `fineTune`. @throws StudioError run/diverged when the loss is not a number. */
export type FineTune = (input: FineTuneInput) => Promise<FineTuneResult>
