/**
 * Parameters as TensorFlow's resource variables, which its fused optimiser kernels update in place: one dispatch for a whole
 * Adam update, no copy of the parameter or its moments.
 */
import type { NativeOps, Tensor } from './native-ops'

/** TensorFlow's name for a resource that lives as long as its handle (core/framework/resource_handle.h). */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

export class NativeVariable {
  readonly shape: readonly number[]
  readonly #ops: NativeOps
  readonly #handle: Tensor

  constructor(ops: NativeOps, shape: readonly number[], initial: Float32Array | 'zeros') {
    this.#ops = ops
    this.shape = shape
    this.#handle = ops.tf.keep(
      ops.run(
        'VarHandleOp',
        [
          ops.textAttribute('container', ''),
          ops.textAttribute('shared_name', ANONYMOUS),
          ops.typeAttribute('dtype'),
          ops.shapeAttribute('shape', [...shape])
        ],
        []
      )
    )
    if (initial === 'zeros') this.assignTensor(ops.tf.zeros([...shape]))
    else this.assign(initial)
  }

  /** The current value, sharing the variable's buffer: dispose it before an update, or the update copies first. */
  read(): Tensor {
    return this.#ops.run('ReadVariableOp', [this.#ops.typeAttribute('dtype')], [this.#handle])
  }

  /** The current value as a copy. */
  toArray(): Float32Array {
    const value = this.read()
    const copy = Float32Array.from(value.dataSync<'float32'>())
    value.dispose()
    return copy
  }

  assign(values: Float32Array): void {
    // The tensor shares its array with JavaScript: hand over one that nobody writes to.
    this.assignTensor(this.#ops.tf.tensor(values.slice(), [...this.shape], 'float32'))
  }

  /**
   * One Adam update (Kingma & Ba 2015) in place, moments included.
   *
   * @param settings scalars: [β1^t, β2^t, learning rate, β1, β2, ε] where ε stands beside √v before bias correction.
   */
  applyAdam(first: NativeVariable, second: NativeVariable, settings: readonly Tensor[], gradient: Tensor): void {
    const attributes = [this.#ops.typeAttribute('T'), ...this.#updateFlags(false)]
    const inputs = [this.#handle, first.#handle, second.#handle, ...settings, gradient]
    this.#ops.runMany('ResourceApplyAdam', attributes, inputs, 0)
  }

  /** Nesterov momentum in place: v ← μ · v + g, value ← value − rate · (g + μ · v). */
  applyMomentum(momentum: NativeVariable, rate: Tensor, gradient: Tensor, mu: Tensor): void {
    const attributes = [this.#ops.typeAttribute('T'), ...this.#updateFlags(true)]
    const inputs = [this.#handle, momentum.#handle, rate, gradient, mu]
    this.#ops.runMany('ResourceApplyMomentum', attributes, inputs, 0)
  }

  /**
   * RMSprop in place: s ← ρs + (1 − ρ)g², v ← μv + rate · g / √(s + ε), value ← value − v.
   *
   * @param settings scalars: [rate, ρ, μ, ε].
   */
  applyRmsProp(square: NativeVariable, velocity: NativeVariable, settings: readonly Tensor[], gradient: Tensor): void {
    const attributes = [this.#ops.typeAttribute('T'), this.#ops.flagAttribute('use_locking', false)]
    const inputs = [this.#handle, square.#handle, velocity.#handle, ...settings, gradient]
    this.#ops.runMany('ResourceApplyRMSProp', attributes, inputs, 0)
  }

  /** value ← value + share · (other − value): one step of an exponential average. */
  approach(other: NativeVariable, share: Tensor): void {
    const ops = this.#ops
    const change = ops.tf.tidy(() => ops.multiply(ops.subtract(other.read(), this.read()), share))
    ops.runMany('AssignAddVariableOp', [ops.typeAttribute('dtype')], [this.#handle, change], 0)
    change.dispose()
  }

  /** value ← value − share · value: decoupled weight decay, as a step of gradient descent down the value itself. */
  decay(share: Tensor): void {
    const attributes = [this.#ops.typeAttribute('T'), this.#ops.flagAttribute('use_locking', false)]
    const value = this.read()
    this.#ops.runMany('ResourceApplyGradientDescent', attributes, [this.#handle, share, value], 0)
    value.dispose()
  }

  dispose(): void {
    this.#handle.dispose()
  }

  #updateFlags(nesterov: boolean) {
    return [this.#ops.flagAttribute('use_locking', false), this.#ops.flagAttribute('use_nesterov', nesterov)]
  }

  /** Takes the tensor over. */
  assignTensor(value: Tensor): void {
    this.#ops.runMany('AssignVariableOp', [this.#ops.typeAttribute('dtype')], [this.#handle, value], 0)
    value.dispose()
  }
}
