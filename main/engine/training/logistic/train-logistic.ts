/**
 * Trains a head to the optimum of L2-regularised logistic regression. Each penalty of the sweep counts as an epoch of one step,
 * with the objective at its minimum as the loss: validation runs once a penalty, and the best of them is kept.
 */
import { StudioError } from '@shared/errors'
import type { FeatureValues } from '../../data/feature-rows'
import { accuracyOf, confusionMatrix, meanCrossEntropy, predictedClasses } from '@shared/statistics/classification'
import { classWeights } from '../class-balance'
import { EarlyStopping } from '../early-stopping'
import type { BestEpoch, HeadWeights } from '../finetune-contract'
import { applyScaling, fitScaling, foldScaling, type FeatureSet } from '../head-data'
import type { HeadTrainingInput, HeadTrainingResult } from '../head-training'
import type { LoopState } from '../loop-state'
import { minimize } from './lbfgs'
import { LogisticObjective } from './objective'
import { PENALTIES } from '@shared/domain/penalties'
import { openProduct, openProducts, type LinearProduct } from './products'

/** Of the mean loss by any one weight: scikit-learn's default. */
const TOLERANCE = 1e-4
/** For one penalty: scikit-learn's default. Each starts from the optimum of the penalty before, and needs few. */
const MAX_ITERATIONS = 100
/** Along the path the validation loss falls, then climbs, without the noise of batches: so many worse ones are enough to see. */
const PATIENCE = 4

/** @returns null when it was stopped before its first penalty was done */
export async function trainLogistic(input: HeadTrainingInput): Promise<HeadTrainingResult | null> {
  const { runtime, train, validation, classes, config } = input
  const scaling = fitScaling(train, config.head.scaling)
  const scaled = (set: FeatureSet<FeatureValues>): FeatureSet<FeatureValues> => ({
    ...set,
    values: applyScaling(set.values, scaling)
  })
  const held = scaled(validation)
  const products = await openProducts(runtime, scaled(train), classes)
  try {
    const product = await openProduct(runtime, held, classes, 'scores')
    try {
      const weights = classWeights(train.labels, classes, config.balance.lossWeights)
      const objective = new LogisticObjective(products, train.labels, train.width, weights, config.head.labelSmoothing)
      const path = new PenaltyPath(input, objective, { product, labels: held.labels })
      const result = await path.run()
      return result && { ...result, head: foldScaling(result.head, scaling) }
    } finally {
      await product.dispose()
    }
  } finally {
    await products.dispose()
  }
}

interface Held {
  product: LinearProduct
  labels: FeatureSet['labels']
}

class PenaltyPath {
  private readonly penalties: readonly number[]
  private readonly stopping: EarlyStopping
  private kept: { head: HeadWeights; epoch: BestEpoch } | null = null
  /** Rounded to float32 between penalties, which is what a checkpoint can hold. */
  private point: Float32Array
  /** Penalties done. */
  private done = 0
  /** Of the last penalty. */
  private evaluations = 0
  private exhausted = false

  constructor(
    private readonly input: HeadTrainingInput,
    private readonly objective: LogisticObjective,
    private readonly held: Held
  ) {
    const { penalty } = input.config.head
    const { earlyStopping } = input.config
    const stopping = { ...earlyStopping, patience: Math.min(PATIENCE, earlyStopping.patience) }
    this.penalties = penalty === 'auto' ? PENALTIES : [penalty]
    this.stopping = new EarlyStopping(stopping)
    this.point = new Float32Array(objective.size)
    if (input.resume) this.restore(input.resume)
  }

  async run(): Promise<HeadTrainingResult | null> {
    const { reporter, signal, onCheckpoint } = this.input
    reporter.onStart({ stepsPerEpoch: 1, epochs: this.penalties.length })
    while (this.done < this.penalties.length && !this.exhausted && !signal.aborted) {
      const startedAt = performance.now()
      const loss = await this.solve(this.penalties[this.done]!)
      if (signal.aborted) break
      this.done++
      this.reportStep(loss, startedAt)
      await this.validate(loss)
      onCheckpoint?.(() => this.capture())
    }
    const { best } = this.stopping
    if (!this.kept || !best) return null
    const { head, epoch } = this.kept
    return { head, epochsDone: this.done, steps: this.done, best, kept: epoch, stopped: signal.aborted }
  }

  /** @returns f at its minimum for this penalty */
  private async solve(penalty: number): Promise<number> {
    const { objective } = this
    const { signal } = this.input
    objective.penalty = penalty
    const minimum = await minimize(objective.evaluate, Float64Array.from(this.point), {
      tolerance: TOLERANCE,
      maxIterations: MAX_ITERATIONS,
      onIteration: () => signal.aborted
    })
    this.point = Float32Array.from(minimum.point)
    this.evaluations = minimum.evaluations
    if (!Number.isFinite(minimum.value)) throw notFinite(penalty)
    return minimum.value
  }

  private reportStep(loss: number, startedAt: number): void {
    const rows = this.input.train.labels.length
    const seconds = (performance.now() - startedAt) / 1000
    this.input.reporter.onStep({
      step: this.done,
      loss,
      accuracy: this.objective.right / rows,
      // There is none: the line search finds the length of each step.
      learningRate: NaN,
      imagesPerSecond: (rows * this.evaluations) / seconds
    })
  }

  private async validate(trainLoss: number): Promise<void> {
    const { classes, train, reporter, config } = this.input
    const { labels } = this.held
    const bias = this.point.slice(classes * train.width)
    const scores = await this.held.product.multiply(this.point.slice(0, classes * train.width))
    const probabilities = softmaxColumns(scores, bias, labels.length)
    const candidate = {
      epoch: this.done,
      validationLoss: meanCrossEntropy(probabilities, labels, classes),
      validationAccuracy: accuracyOf(confusionMatrix(labels, predictedClasses(probabilities, classes), classes))
    }
    const { improved, exhausted } = this.stopping.update(candidate)
    this.exhausted = exhausted
    if (improved || !config.earlyStopping.restoreBest) this.kept = { head: this.head(), epoch: candidate }
    reporter.onEpoch({
      ...candidate,
      step: this.done,
      trainLoss,
      trainAccuracy: this.objective.right / train.labels.length,
      validationProbabilities: probabilities
    })
  }

  /** The point as a head: [classes, features] turned to [features, classes]. */
  private head(): HeadWeights {
    const { classes, train } = this.input
    const kernel = new Float32Array(classes * train.width)
    for (let label = 0; label < classes; label++) {
      for (let column = 0; column < train.width; column++) {
        kernel[column * classes + label] = this.point[label * train.width + column]!
      }
    }
    return { kernel, bias: this.point.slice(classes * train.width), classes }
  }

  private capture(): LoopState {
    const tensors: LoopState['tensors'] = new Map([['point', flat(this.point)]])
    if (this.kept) {
      tensors.set('kept.kernel', flat(this.kept.head.kernel))
      tensors.set('kept.bias', flat(this.kept.head.bias))
    }
    const { done, exhausted } = this
    return { json: { done, exhausted, best: this.stopping.best, kept: this.kept?.epoch ?? null }, tensors }
  }

  private restore({ json, tensors }: LoopState): void {
    const saved = json as { done: number; exhausted: boolean; best: BestEpoch; kept: BestEpoch | null }
    this.done = saved.done
    this.exhausted = saved.exhausted
    this.stopping.best = saved.best
    const tensor = (name: string): Float32Array => tensors.get(name)!.data.slice()
    this.point = tensor('point')
    if (!saved.kept) return
    const head = { kernel: tensor('kept.kernel'), bias: tensor('kept.bias'), classes: this.input.classes }
    this.kept = { head, epoch: saved.kept }
  }
}

/** Nothing of the method can make it so: the features did. */
const notFinite = (penalty: number): StudioError =>
  new StudioError(
    'run/diverged',
    `The loss is not a number at the penalty ${penalty}: the features hold values that are not finite, or too large. ` +
      "Set head.scaling to 'center', or look at the backbone's preprocessing.",
    { penalty }
  )

const flat = (values: Float32Array): { shape: number[]; data: Float32Array } => ({
  shape: [values.length],
  data: values.slice()
})

/** @param scores [classes, rows] @returns [rows, classes], each row a softmax of its scores and the biases */
function softmaxColumns(scores: Float32Array, bias: Float32Array, rows: number): Float32Array {
  const classes = bias.length
  const probabilities = new Float32Array(rows * classes)
  for (let row = 0; row < rows; row++) {
    let largest = -Infinity
    for (let label = 0; label < classes; label++)
      largest = Math.max(largest, scores[label * rows + row]! + bias[label]!)
    let sum = 0
    for (let label = 0; label < classes; label++) {
      const exponential = Math.exp(scores[label * rows + row]! + bias[label]! - largest)
      probabilities[row * classes + label] = exponential
      sum += exponential
    }
    for (let label = 0; label < classes; label++) probabilities[row * classes + label]! /= sum
  }
  return probabilities
}
