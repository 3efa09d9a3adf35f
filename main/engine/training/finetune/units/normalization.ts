/** Norms as units of their own: where no convolution takes them in, or where the batch's own statistics count. */
import type { GraphNode } from '../../../backbones/graph'
import type { NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import type { NativeVariable } from '../../../executors/tensorflow-kernels/variables'
import type { Gradients, Parameter, ParameterStore } from '../parameters'
import type { Unit } from './unit'

type BatchNormNode = Extract<GraphNode, { op: 'batchNorm' }>

/** γ and β of a norm, or the constants 1 and 0 that stand for the one it lacks. */
class Affine {
  readonly #gamma: Parameter | Tensor
  readonly #beta: Parameter | Tensor

  constructor(store: ParameterStore, node: { gamma: string | null; beta: string | null }, channels: number) {
    this.#gamma =
      node.gamma === null ? store.constant(new Float32Array(channels).fill(1)) : store.learnable(node.gamma, false)
    this.#beta = node.beta === null ? store.constant(new Float32Array(channels)) : store.learnable(node.beta, false)
  }

  gamma = (): Tensor => valueOf(this.#gamma)
  beta = (): Tensor => valueOf(this.#beta)

  /** Takes over the tensors: those of a constant are disposed. */
  put(gradients: Gradients, byGamma: Tensor, byBeta: Tensor): void {
    for (const [place, gradient] of [[this.#gamma, byGamma] as const, [this.#beta, byBeta] as const]) {
      if ('key' in place) gradients.set(place.key, gradient)
      else gradient.dispose()
    }
  }
}

/** A new tensor in either case. */
const valueOf = (place: Parameter | Tensor): Tensor => ('key' in place ? place.variable.read() : place.clone())

/** What TensorFlow's kernels hand from the forward pass to the gradient. */
type Reserve = readonly Tensor[]

/**
 * Batch-norm by TensorFlow's fused kernels. Frozen: the moving statistics normalise, in training too. Otherwise each batch is
 * normalised by its own, and the moving ones follow it: moving ← m · moving + (1 − m) · batch, the variance of the batch being
 * the unbiased one (Ioffe & Szegedy 2015, algorithm 2).
 */
export class BatchNorm implements Unit {
  readonly output: string
  readonly inputs: readonly string[]
  readonly learns = true
  readonly needsInputs = true
  readonly needsOutput = false
  readonly #ops: NativeOps
  readonly #affine: Affine
  readonly #mean: NativeVariable
  readonly #variance: NativeVariable
  readonly #epsilon: number
  /** Null: frozen. */
  readonly #momentum: number | null
  #reserve: Reserve = []

  /** @param momentum m, for statistics that follow the batches; null keeps them as they are. */
  constructor(ops: NativeOps, store: ParameterStore, node: BatchNormNode, momentum: number | null) {
    this.#ops = ops
    this.output = node.name
    this.inputs = [node.input]
    this.#epsilon = node.epsilon
    this.#momentum = momentum
    const { shape } = store.weight(node.mean)
    this.#affine = new Affine(store, node, shape[0]!)
    this.#mean = store.statistic(node.mean)
    this.#variance = store.statistic(node.variance)
  }

  forward([x]: readonly Tensor[], training: boolean): Tensor {
    this.release()
    const adapts = training && this.#momentum !== null
    const [gamma, beta, mean, variance] = [
      this.#affine.gamma(),
      this.#affine.beta(),
      this.#mean.read(),
      this.#variance.read()
    ]
    const attributes = [
      ...this.#attributes(adapts),
      this.#ops.numberAttribute('exponential_avg_factor', adapts ? 1 - this.#momentum! : 1)
    ]
    const outputs = this.#ops.runMany('FusedBatchNormV3', attributes, [x!, gamma, beta, mean, variance], 6)
    const [y, newMean, newVariance, ...reserve] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    if (adapts) {
      // The old values share the variables' buffers: they go first, or the assignment copies.
      for (const tensor of [mean, variance]) tensor.dispose()
      this.#mean.assignTensor(newMean)
      this.#variance.assignTensor(newVariance)
      for (const tensor of [gamma, beta]) tensor.dispose()
      this.#reserve = reserve
    } else {
      for (const tensor of [newMean, newVariance, ...reserve, gamma, beta]) tensor.dispose()
      this.#reserve = [mean, variance]
    }
    return y
  }

  backward({ dy, inputs, wanted, gradients }: Parameters<Unit['backward']>[0]): (Tensor | null)[] {
    const adapts = this.#momentum !== null
    const gamma = this.#affine.gamma()
    const [first, second, third] = this.#reserve
    const given = [dy, inputs[0]!, gamma, first!, second!, third ?? this.#ops.constant(0)]
    const outputs = this.#ops.runMany('FusedBatchNormGradV3', this.#attributes(adapts), given, 5)
    const [dx, byGamma, byBeta, ...others] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    for (const tensor of [gamma, ...others]) tensor.dispose()
    this.#affine.put(gradients, byGamma, byBeta)
    this.release()
    if (wanted) return [dx]
    dx.dispose()
    return [null]
  }

  release(): void {
    for (const tensor of this.#reserve) tensor.dispose()
    this.#reserve = []
  }

  #attributes(training: boolean) {
    const ops = this.#ops
    return [
      ops.typeAttribute('T'),
      ops.typeAttribute('U'),
      ops.numberAttribute('epsilon', this.#epsilon),
      ops.textAttribute('data_format', 'NHWC'),
      ops.flagAttribute('is_training', training)
    ]
  }
}

/** Over the channels of each pixel (Ba, Kiros & Hinton 2016). Keeps the deviations, computes the normalised map again. */
export class LayerNorm implements Unit {
  readonly output: string
  readonly inputs: readonly string[]
  readonly learns = true
  readonly needsInputs = true
  readonly needsOutput = false
  readonly #ops: NativeOps
  readonly #affine: Affine
  readonly #epsilon: number
  /** [mean, 1 / √(σ² + ε)] of each pixel. */
  #kept: [Tensor, Tensor] | null = null

  constructor(ops: NativeOps, store: ParameterStore, node: Extract<GraphNode, { op: 'layerNorm' }>, channels: number) {
    this.#ops = ops
    this.output = node.name
    this.inputs = [node.input]
    this.#epsilon = node.epsilon
    this.#affine = new Affine(store, node, channels)
  }

  forward([x]: readonly Tensor[]): Tensor {
    this.release()
    const ops = this.#ops
    const [y, mean, inverse] = ops.tf.tidy(() => {
      const axis = [x!.rank - 1]
      const mean = ops.mean(x!, axis, true)
      const centred = ops.subtract(x!, mean)
      const variance = ops.mean(ops.unary('Square', centred), axis, true)
      const inverse = ops.unary('Rsqrt', ops.add(variance, ops.constant(this.#epsilon)))
      const normalised = ops.multiply(centred, inverse)
      return [ops.add(ops.multiply(normalised, this.#affine.gamma()), this.#affine.beta()), mean, inverse]
    }) as [Tensor, Tensor, Tensor]
    this.#kept = [mean, inverse]
    return y
  }

  /** With n = (x − mean) · inverse and g = dy · γ: dx = inverse · (g − mean(g) − n · mean(g · n)). */
  backward({ dy, inputs, wanted, gradients }: Parameters<Unit['backward']>[0]): (Tensor | null)[] {
    const ops = this.#ops
    const [mean, inverse] = this.#kept!
    const [byGamma, byBeta, dx] = ops.tf.tidy(() => {
      const normalised = ops.multiply(ops.subtract(inputs[0]!, mean), inverse)
      const parameters = [ops.biasGradient(ops.multiply(dy, normalised)), ops.biasGradient(dy)]
      if (!wanted) return parameters
      const axis = [dy.rank - 1]
      const g = ops.multiply(dy, this.#affine.gamma())
      const along = ops.multiply(normalised, ops.mean(ops.multiply(g, normalised), axis, true))
      return [...parameters, ops.multiply(inverse, ops.subtract(ops.subtract(g, ops.mean(g, axis, true)), along))]
    }) as [Tensor, Tensor, Tensor | undefined]
    this.#affine.put(gradients, byGamma, byBeta)
    this.release()
    return [dx ?? null]
  }

  release(): void {
    for (const tensor of this.#kept ?? []) tensor.dispose()
    this.#kept = null
  }
}
