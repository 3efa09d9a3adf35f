/** The head on TensorFlow: a dense layer, or two with ReLU between, then softmax and cross-entropy. */
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { HeadWeights } from '../finetune-contract'
import type { Gradients, Parameter, ParameterStore } from './parameters'

const KERNEL = 'head/kernel'
const BIAS = 'head/bias'
const HIDDEN_KERNEL = 'head/hidden/kernel'
const HIDDEN_BIAS = 'head/hidden/bias'
const KEYS: ReadonlySet<string> = new Set([KERNEL, BIAS, HIDDEN_KERNEL, HIDDEN_BIAS])

/** What a batch is measured against. The tensors stay the caller's. */
export interface Targets {
  /** [images, classes], rows that sum to 1. */
  probabilities: Tensor
  /** [images]: what each image counts for; null: all 1. */
  weights: Tensor | null
  /** Dropout's factors (0 or 1 / (1 − rate)) for what the head reads [images, features] and its hidden layer [images, units]. */
  masks: { features: Tensor; hidden: Tensor | null } | null
}

interface HeadPass {
  /** Σ of the images' weighted losses, nats. */
  lossSum: number
  /** [images, classes], as training saw them. */
  logits: Float32Array
  /** By the features; the caller disposes it. */
  slope: Tensor
}

export class TrainableHead {
  readonly classes: number
  /** Width of the pooled features. */
  readonly features: number
  /** Of the hidden layer; 0: there is none. */
  readonly units: number
  readonly #ops: NativeOps
  readonly #kernel: Parameter
  readonly #bias: Parameter
  readonly #hidden: { kernel: Parameter; bias: Parameter } | null

  constructor(ops: NativeOps, store: ParameterStore, { kernel, bias, classes, hidden }: HeadWeights) {
    this.#ops = ops
    this.classes = classes
    const width = kernel.length / classes
    this.units = hidden ? width : 0
    this.features = hidden ? hidden.kernel.length / width : width
    this.#kernel = store.add(KERNEL, [width, classes], kernel, true)
    this.#bias = store.add(BIAS, [classes], bias, false)
    this.#hidden = hidden
      ? {
          kernel: store.add(HIDDEN_KERNEL, [this.features, width], hidden.kernel, true),
          bias: store.add(HIDDEN_BIAS, [width], hidden.bias, false)
        }
      : null
  }

  /** @returns [images, classes] without dropout. */
  logits(features: Tensor): Float32Array {
    const logits = this.#ops.tf.tidy(() => this.#dense(this.#activated(features), this.#kernel, this.#bias))
    const values = Float32Array.from(logits.dataSync<'float32'>())
    logits.dispose()
    return values
  }

  /**
   * @param images what the sum of the losses is divided by in the gradients.
   * @param gradients gets those of the head.
   */
  lossAndSlope(features: Tensor, targets: Targets, images: number, gradients: Gradients): HeadPass {
    const ops = this.#ops
    const { probabilities, weights, masks } = targets
    const pass = ops.tf.tidy(() => {
      const masked = (x: Tensor, mask: Tensor | null | undefined): Tensor => (mask ? ops.multiply(x, mask) : x)
      const read = masked(features, masks?.features)
      const activated = this.#activated(read)
      const last = this.#hidden ? masked(activated, masks?.hidden) : activated
      const logits = this.#dense(last, this.#kernel, this.#bias)
      const [losses, unweighted] = ops.softmaxCrossEntropy(logits, probabilities)
      const column = weights && ops.reshape(weights, [weights.size, 1])
      const each = column ? ops.multiply(unweighted, column) : unweighted
      const slope = ops.multiply(each, ops.constant(1 / images))
      const found: Record<string, Tensor> = {
        [KERNEL]: ops.matMul(last, slope, true),
        [BIAS]: ops.biasGradient(slope)
      }
      let back = ops.matMul(slope, this.#kernel.variable.read(), false, true)
      if (this.#hidden) {
        const bent = ops.rectifyGradient(masked(back, masks?.hidden), activated, null)
        found[HIDDEN_KERNEL] = ops.matMul(read, bent, true)
        found[HIDDEN_BIAS] = ops.biasGradient(bent)
        back = ops.matMul(bent, this.#hidden.kernel.variable.read(), false, true)
      }
      const byFeatures = masked(back, masks?.features)
      return { losses: weights ? ops.multiply(losses, weights) : losses, logits, byFeatures, ...found }
    })
    const { losses, logits, byFeatures, ...found } = pass
    for (const [key, gradient] of Object.entries<Tensor>(found)) gradients.set(key, gradient)
    const lossSum = losses.dataSync<'float32'>().reduce((sum, row) => sum + row, 0)
    const seen = Float32Array.from(logits.dataSync<'float32'>())
    losses.dispose()
    logits.dispose()
    return { lossSum, logits: seen, slope: byFeatures }
  }

  /** The head as it stands in a snapshot of the parameters. */
  static fromSnapshot(snapshot: ReadonlyMap<string, Float32Array>, classes: number): HeadWeights {
    const head = { kernel: snapshot.get(KERNEL)!, bias: snapshot.get(BIAS)!, classes }
    const kernel = snapshot.get(HIDDEN_KERNEL)
    return kernel ? { ...head, hidden: { kernel, bias: snapshot.get(HIDDEN_BIAS)! } } : head
  }

  static owns(key: string): boolean {
    return KEYS.has(key)
  }

  #activated(x: Tensor): Tensor {
    return this.#hidden ? this.#ops.rectify(this.#dense(x, this.#hidden.kernel, this.#hidden.bias), null) : x
  }

  #dense(x: Tensor, kernel: Parameter, bias: Parameter): Tensor {
    return this.#ops.biasAdd(this.#ops.matMul(x, kernel.variable.read()), bias.variable.read())
  }
}
