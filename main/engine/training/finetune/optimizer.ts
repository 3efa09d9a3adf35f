/**
 * AdamW, Adam, SGD with Nesterov momentum and RMSprop by TensorFlow's fused kernels: the same rules as ../optimizers.ts, on
 * tensors that stay where TensorFlow has them, with clipping and a learning rate of its own for each parameter.
 */
import type { FineTuneConfig } from '@shared/domain/training-config'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { NativeVariable } from '../../executors/tensorflow-kernels/variables'
import { disposeGradients, scaleGradients } from './gradient-sum'
import type { Gradients, Parameter } from './parameters'

const BETA_1 = 0.9
const BETA_2 = 0.999
const EPSILON = 1e-8
/** Of RMSprop, as Keras has them. */
const RHO = 0.9
const RMS_EPSILON = 1e-7

type Settings = Pick<FineTuneConfig, 'optimizer' | 'weightDecay' | 'clipNorm' | 'momentum'>

type Update = (parameter: Parameter, slots: readonly NativeVariable[], gradient: Tensor, rate: Tensor) => void

export class NativeOptimizer {
  /** Updates so far: Adam's bias correction counts them. */
  steps = 0
  /** Moments and velocities by the key of their parameter. */
  readonly slots: ReadonlyMap<string, readonly NativeVariable[]>
  readonly #ops: NativeOps
  readonly #settings: Settings
  readonly #parameters: readonly Parameter[]

  constructor(ops: NativeOps, parameters: readonly Parameter[], settings: Settings) {
    this.#ops = ops
    this.#settings = settings
    this.#parameters = parameters
    const slots = settings.optimizer === 'sgd' ? 1 : 2
    this.slots = new Map(
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
   * @returns the global norm of the gradients before clipping. NaN or infinite when any of them is: then nothing was updated,
   *   and the gradients are left to the caller.
   */
  step(gradients: Gradients, learningRate: number): number {
    const norm = this.#globalNorm(gradients)
    if (!Number.isFinite(norm)) return norm
    this.steps += 1
    const { clipNorm, optimizer, weightDecay } = this.#settings
    if (clipNorm > 0 && norm > clipNorm) scaleGradients(this.#ops, gradients, clipNorm / norm)
    const decay = optimizer === 'adam' ? 0 : weightDecay
    this.#ops.tf.tidy(() => {
      const update = this.#rule()
      const scalars = new Map<number, { rate: Tensor; decay: Tensor }>()
      const scalarsOf = (share: number): { rate: Tensor; decay: Tensor } => {
        const known = scalars.get(share)
        if (known) return known
        const rate = learningRate * share
        const made = { rate: this.#ops.tf.scalar(rate), decay: this.#ops.tf.scalar(rate * decay) }
        scalars.set(share, made)
        return made
      }
      for (const parameter of this.#parameters) {
        const own = scalarsOf(parameter.rate)
        if (decay > 0 && parameter.decays) parameter.variable.decay(own.decay)
        update(parameter, this.slots.get(parameter.key)!, gradients.get(parameter.key)!, own.rate)
      }
    })
    disposeGradients(gradients)
    return norm
  }

  dispose(): void {
    for (const slots of this.slots.values()) for (const slot of slots) slot.dispose()
  }

  /** For one step; its scalars are left to the surrounding tidy. */
  #rule(): Update {
    const { optimizer, momentum } = this.#settings
    const scalar = (value: number): Tensor => this.#ops.tf.scalar(value)
    const mu = scalar(momentum)
    switch (optimizer) {
      case 'sgd':
        return ({ variable }, [velocity], gradient, rate) => variable.applyMomentum(velocity!, rate, gradient, mu)
      case 'rmsprop': {
        const settings = [scalar(RHO), mu, scalar(RMS_EPSILON)]
        return ({ variable }, [square, velocity], gradient, rate) =>
          variable.applyRmsProp(square!, velocity!, [rate, ...settings], gradient)
      }
      case 'adam':
      case 'adamw': {
        const power2 = BETA_2 ** this.steps
        const powers = [scalar(BETA_1 ** this.steps), scalar(power2)]
        // The kernel adds its ε to √v before the bias correction that the paper's ε follows, so ε is scaled to mean the same.
        const settings = [scalar(BETA_1), scalar(BETA_2), scalar(EPSILON * Math.sqrt(1 - power2))]
        return ({ variable }, [first, second], gradient, rate) =>
          variable.applyAdam(first!, second!, [...powers, rate, ...settings], gradient)
      }
    }
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
}
