/**
 * Convolution, batch-norm and rectifier as one unit. Batch-norm stays in inference mode, so it is an affine map of each
 * channel, scale = γ / √(σ² + ε) and shift = β + (b − μ) · scale, and is taken into the kernel before the convolution:
 * y = rectify(conv(x, W · scale) + shift). The gradients by W, γ, β and b are those of the unfolded form, and come out of
 * the folded kernel's at the cost of a few operations on the kernel instead of several on the picture.
 */
import type { GraphNode } from '../../../backbones/graph'
import type { ConvolutionGeometry, NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import { convolver, type Convolver, type ProductPrecision } from '../../../executors/tensorflow-kernels/convolver'
import type { Gradients, Parameter, ParameterStore } from '../parameters'
import type { BackwardPass, Unit } from './unit'

export type ConvolutionNode = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>
export type BatchNormNode = Extract<GraphNode, { op: 'batchNorm' }>

interface Norm {
  gamma: Parameter | null
  beta: Parameter | null
  mean: Tensor
  /** 1 / √(σ² + ε). */
  inverseDeviation: Tensor
}

/** What the forward pass leaves for the backward pass. */
interface Folded {
  kernel: Tensor
  scale: Tensor | null
  foldedKernel: Tensor
}

export class FoldedConvolution implements Unit {
  readonly output: string
  readonly inputs: readonly string[]
  readonly rectifies: boolean
  readonly learns = true
  readonly needsInputs: boolean
  readonly needsOutput: boolean
  readonly #ops: NativeOps
  readonly #convolver: Convolver
  readonly #kernel: Parameter
  readonly #bias: Parameter | null
  readonly #norm: Norm | null
  readonly #rectifier: { max: 6 | null } | null
  #folded: Folded | null = null

  constructor(
    ops: NativeOps,
    parameters: ParameterStore,
    nodes: {
      convolution: ConvolutionNode
      norm: BatchNormNode | null
      rectifier: { name: string; max: 6 | null } | null
    },
    precision: ProductPrecision
  ) {
    const { convolution, norm, rectifier } = nodes
    this.#ops = ops
    this.output = rectifier?.name ?? norm?.name ?? convolution.name
    this.inputs = [convolution.input]
    this.needsOutput = rectifier !== null
    this.#rectifier = rectifier
    this.rectifies = rectifier !== null
    this.#kernel = parameters.learnable(convolution.kernel, true)
    this.#bias = convolution.bias === null ? null : parameters.learnable(convolution.bias, false)
    this.#norm = norm && readNorm(parameters, norm)
    const kind = convolution.op === 'conv2d' ? 'Conv2D' : 'DepthwiseConv2dNative'
    const geometry: ConvolutionGeometry = {
      strides: convolution.strides,
      padding: convolution.padding === 'same' ? 'SAME' : 'VALID',
      dilations: convolution.dilations
    }
    const border = typeof convolution.padding === 'string' ? null : convolution.padding
    this.#convolver = convolver(ops, kind, this.#kernel.variable.shape, geometry, border, precision)
    this.needsInputs = this.#convolver.needsInput
  }

  forward([x]: readonly Tensor[], training: boolean): Tensor {
    this.release()
    const kernel = this.#kernel.variable.read()
    const { scale, shift } = this.#affine()
    const foldedKernel = scale ? this.#scaleKernel(kernel, scale) : kernel.clone()
    this.#folded = { kernel, scale, foldedKernel }
    let y = this.#convolver.forward(x!, foldedKernel, training)
    if (shift) {
      y = replace(y, this.#ops.biasAdd(y, shift))
      shift.dispose()
    }
    return this.#rectifier ? replace(y, this.#ops.rectify(y, this.#rectifier.max)) : y
  }

  backward({ dy, y, inputs, wanted, gradients }: BackwardPass): (Tensor | null)[] {
    const { foldedKernel } = this.#folded!
    const slope = this.#rectifier ? this.#ops.rectifyGradient(dy, y!, this.#rectifier.max) : dy
    const { byKernel, byInput } = this.#convolver.backward(inputs[0], foldedKernel, slope, wanted)
    this.#parameterGradients(byKernel, slope, gradients)
    if (slope !== dy) slope.dispose()
    this.release()
    return [byInput]
  }

  release(): void {
    this.#convolver.release()
    if (!this.#folded) return
    const { kernel, scale, foldedKernel } = this.#folded
    kernel.dispose()
    scale?.dispose()
    foldedKernel.dispose()
    this.#folded = null
  }

  #affine(): { scale: Tensor | null; shift: Tensor | null } {
    const bias = this.#bias?.variable.read() ?? null
    if (!this.#norm) return { scale: null, shift: bias }
    const { gamma, beta, mean, inverseDeviation } = this.#norm
    const ops = this.#ops
    const factor = gamma?.variable.read() ?? null
    const scale = factor ? ops.multiply(factor, inverseDeviation) : inverseDeviation.clone()
    factor?.dispose()
    // (b − μ) · scale + β
    const centre = bias ? replace(bias, ops.subtract(bias, mean)) : ops.multiply(mean, ops.constant(-1))
    let shift = replace(centre, ops.multiply(centre, scale))
    const offset = beta?.variable.read() ?? null
    if (offset) {
      shift = replace(shift, ops.add(shift, offset))
      offset.dispose()
    }
    return { scale, shift }
  }

  /** @param byFolded by the folded kernel; taken over. */
  #parameterGradients(byFolded: Tensor, slope: Tensor, gradients: Gradients): void {
    const ops = this.#ops
    const { kernel, scale } = this.#folded!
    const norm = this.#norm
    const byShift = norm || this.#bias ? ops.biasGradient(slope) : null
    if (!norm || !scale) {
      gradients.set(this.#kernel.key, byFolded)
      if (byShift) gradients.set(this.#bias!.key, byShift)
      return
    }
    gradients.set(this.#kernel.key, this.#scaleKernel(byFolded, scale))
    if (norm.gamma) gradients.set(norm.gamma.key, this.#gammaGradient(norm, byFolded, kernel, byShift!))
    byFolded.dispose()
    if (this.#bias) gradients.set(this.#bias.key, ops.multiply(byShift!, scale))
    if (norm.beta) gradients.set(norm.beta.key, byShift!)
    else byShift!.dispose()
  }

  /** ∂/∂γ = ∂/∂scale / √(σ² + ε), and the scale stands in the kernel and, times (b − μ), in the shift. */
  #gammaGradient(norm: Norm, byFolded: Tensor, kernel: Tensor, byShift: Tensor): Tensor {
    const ops = this.#ops
    return ops.tf.tidy(() => {
      const bias = this.#bias?.variable.read()
      const centre = bias ? ops.subtract(bias, norm.mean) : ops.multiply(norm.mean, ops.constant(-1))
      const throughShift = ops.multiply(byShift, centre)
      const products = ops.multiply(byFolded, kernel)
      const summed = ops.sum(products, this.#convolver.isDepthwise ? [0, 1] : [0, 1, 2])
      const throughKernel = ops.reshape(summed, throughShift.shape)
      return ops.multiply(ops.add(throughKernel, throughShift), norm.inverseDeviation)
    })
  }

  /** Kernels end in output channels: [h, w, in, out]; a depthwise one in [channels, multiplier], which count together. */
  #scaleKernel(kernel: Tensor, scale: Tensor): Tensor {
    if (!this.#convolver.isDepthwise) return this.#ops.multiply(kernel, scale)
    const [, , channels, multiplier] = kernel.shape as [number, number, number, number]
    const shaped = this.#ops.reshape(scale, [1, 1, channels, multiplier])
    const scaled = this.#ops.multiply(kernel, shaped)
    shaped.dispose()
    return scaled
  }
}

function readNorm(parameters: ParameterStore, node: BatchNormNode): Norm {
  const variance = parameters.weight(node.variance).data
  return {
    gamma: node.gamma === null ? null : parameters.learnable(node.gamma, false),
    beta: node.beta === null ? null : parameters.learnable(node.beta, false),
    mean: parameters.constant(parameters.weight(node.mean).data.slice()),
    inverseDeviation: parameters.constant(variance.map((value) => 1 / Math.sqrt(value + node.epsilon)))
  }
}

/** Disposes the old tensor and gives back the new one made from it. */
function replace(old: Tensor, next: Tensor): Tensor {
  old.dispose()
  return next
}
