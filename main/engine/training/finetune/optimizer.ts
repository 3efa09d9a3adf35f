/**
 * AdamW, Adam and SGD with Nesterov momentum by TensorFlow's fused kernels: the same rules as ../optimizers.ts, on tensors that
 * stay where TensorFlow has them, and with clipping.
 */
import type { FineTuneConfig } from '@shared/domain/training-config'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { NativeVariable } from '../../executors/tensorflow-kernels/variables'
import type { Gradients, Parameter } from './parameters'

const BETA_1 = 0.9
const BETA_2 = 0.999
const EPSILON = 1e-8
const MOMENTUM = 0.9

type Settings = Pick<FineTuneConfig, 'optimizer' | 'weightDecay' | 'clipNorm'>

export class NativeOptimizer {
  readonly #ops: NativeOps
  readonly #settings: Settings
  readonly #parameters: readonly Parameter[]
  readonly #slots: ReadonlyMap<string, NativeVariable[]>
  #steps = 0

  constructor(ops: NativeOps, parameters: readonly Parameter[], settings: Settings) {
    this.#ops = ops
    this.#settings = settings
    this.#parameters = parameters
    const slots = settings.optimizer === 'sgd' ? 1 : 2
    this.#slots = new Map(
      parameters.map(({ key, variable }) => [
        key,
        Array.from({ length: slots }, () => new NativeVariable(ops, variable.shape, 'zeros'))
      ])
    )
  }

  /**
   * Updates every parameter in place.
   *
   * @param gradients for every parameter; disposed here.
   * @returns the global norm of the gradients before clipping: NaN or infinite when any of them is.
   */
  step(gradients: Gradients, learningRate: number): number {
    this.#steps += 1
    const norm = this.#globalNorm(gradients)
    const { clipNorm, optimizer, weightDecay } = this.#settings
    if (clipNorm > 0 && norm > clipNorm) this.#scale(gradients, clipNorm / norm)
    if (weightDecay > 0 && optimizer !== 'adam') this.#decay(learningRate * weightDecay)
    if (optimizer === 'sgd') this.#sgd(gradients, learningRate)
    else this.#adam(gradients, learningRate)
    for (const gradient of gradients.values()) gradient.dispose()
    gradients.clear()
    return norm
  }

  dispose(): void {
    for (const slots of this.#slots.values()) for (const slot of slots) slot.dispose()
  }

  /** √Σ g² over all parameters. */
  #globalNorm(gradients: Gradients): number {
    const sum = this.#ops.tf.tidy(() => {
      const halves = [...gradients.values()].map((gradient) => this.#ops.halfSquaredNorm(gradient))
      return this.#ops.tf.addN(halves as never)
    })
    const [half] = sum.dataSync<'float32'>()
    sum.dispose()
    return Math.sqrt(2 * half!)
  }

  #scale(gradients: Gradients, factor: number): void {
    const scalar = this.#ops.tf.scalar(factor)
    for (const [key, gradient] of gradients) {
      gradients.set(key, this.#ops.multiply(gradient, scalar))
      gradient.dispose()
    }
    scalar.dispose()
  }

  #decay(share: number): void {
    const scalar = this.#ops.tf.scalar(share)
    for (const { variable, decays } of this.#parameters) if (decays) variable.decay(scalar)
    scalar.dispose()
  }

  /** The kernel adds its ε to √v before the bias correction that the paper's ε follows, so ε is scaled to mean the same. */
  #adam(gradients: Gradients, learningRate: number): void {
    const power1 = BETA_1 ** this.#steps
    const power2 = BETA_2 ** this.#steps
    const scalars = [power1, power2, learningRate, BETA_1, BETA_2, EPSILON * Math.sqrt(1 - power2)].map((value) =>
      this.#ops.tf.scalar(value)
    )
    this.#each(gradients, (variable, [first, second], gradient) =>
      variable.applyAdam(first!, second!, scalars, gradient)
    )
    for (const scalar of scalars) scalar.dispose()
  }

  #sgd(gradients: Gradients, learningRate: number): void {
    const rate = this.#ops.tf.scalar(learningRate)
    const mu = this.#ops.constant(MOMENTUM)
    this.#each(gradients, (variable, [momentum], gradient) => variable.applyMomentum(momentum!, rate, gradient, mu))
    rate.dispose()
  }

  #each(gradients: Gradients, update: (variable: NativeVariable, slots: NativeVariable[], gradient: Tensor) => void) {
    for (const { key, variable } of this.#parameters) update(variable, this.#slots.get(key)!, gradients.get(key)!)
  }
}
