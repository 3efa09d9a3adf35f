/**
 * TensorFlow's own operations, called by name through the backend of tfjs-node. TF.js puts several small operations, and a
 * tape that keeps every intermediate value alive, where TensorFlow has one kernel (batch-norm, clipped rectifiers, Adam);
 * calling the kernels themselves is what makes training as fast as Keras in graph mode.
 *
 * Every function returns new tensors that the caller disposes (or leaves to a surrounding `tf.tidy`).
 */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import type { TensorMetadata, TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import type { TensorFlow } from '../../runtime/load'

export type { Tensor }

/** What this folder uses of the backend of tfjs-node, which its types keep private. */
export interface NativeBackend {
  binding: TFJSBinding
  isUsingGpuDevice: boolean
  executeSingleOutput(name: string, attributes: TFEOpAttr[], inputs: Tensor[]): Tensor
  executeMultipleOutputs(name: string, attributes: TFEOpAttr[], inputs: Tensor[], outputs: number): Tensor[]
  getInputTensorIds(tensors: Tensor[]): number[]
  createOutputTensor(metadata: TensorMetadata): Tensor
}

export interface ConvolutionGeometry {
  strides: [number, number]
  padding: 'SAME' | 'VALID'
  dilations: [number, number]
}

export type ConvolutionKind = 'Conv2D' | 'DepthwiseConv2dNative'

export const backendOf = (tf: TensorFlow): NativeBackend => tf.backend() as unknown as NativeBackend

/** The operations of one loaded TensorFlow. */
export class NativeOps {
  readonly tf: TensorFlow
  readonly #backend: NativeBackend
  readonly #float: TFEOpAttr
  readonly #layout: TFEOpAttr
  /** Small constants (shapes, axes, scalars), made once and kept. */
  readonly #constants = new Map<string, Tensor>()

  constructor(tf: TensorFlow) {
    this.tf = tf
    this.#backend = backendOf(tf)
    this.#float = this.typeAttribute('T')
    this.#layout = this.textAttribute('data_format', 'NHWC')
  }

  /** Handles that the native side holds: the number that must not grow from step to step. */
  get liveHandles(): number {
    return this.#backend.binding.getNumOfTensors()
  }

  get onGpu(): boolean {
    return this.#backend.isUsingGpuDevice
  }

  typeAttribute(name: string, type: 'float32' | 'int32' = 'float32'): TFEOpAttr {
    const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = this.#backend.binding
    return { name, type: TF_ATTR_TYPE, value: type === 'float32' ? TF_FLOAT : TF_INT32 }
  }

  textAttribute(name: string, value: string): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_STRING, value }
  }

  flagAttribute(name: string, value: boolean): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value }
  }

  integersAttribute(name: string, value: number[]): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_INT, value }
  }

  numberAttribute(name: string, value: number): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_FLOAT, value }
  }

  shapeAttribute(name: string, value: number[]): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_SHAPE, value }
  }

  /** Runs an operation with one output. */
  run(name: string, attributes: TFEOpAttr[], inputs: Tensor[]): Tensor {
    return this.#backend.executeSingleOutput(name, attributes, inputs)
  }

  /** Runs an operation with `outputs` outputs, none included. */
  runMany(name: string, attributes: TFEOpAttr[], inputs: Tensor[], outputs: number): Tensor[] {
    return this.#backend.executeMultipleOutputs(name, attributes, inputs, outputs)
  }

  /** A constant int32 vector, kept until `dispose`. */
  integers(values: readonly number[]): Tensor {
    return this.#constant(`i${values.join(',')}`, () => this.tf.tensor1d([...values], 'int32'))
  }

  /** A constant float32 scalar, kept until `dispose`: for values from a small set only. */
  constant(value: number): Tensor {
    return this.#constant(`f${value}`, () => this.tf.scalar(value, 'float32'))
  }

  dispose(): void {
    for (const tensor of this.#constants.values()) tensor.dispose()
    this.#constants.clear()
  }

  convolve(kind: ConvolutionKind, x: Tensor, kernel: Tensor, geometry: ConvolutionGeometry): Tensor {
    return this.run(kind, this.#convolutionAttributes(kind, geometry), [x, kernel])
  }

  /** Gradient of a convolution with respect to its input, whose shape is given. */
  convolutionInputGradient(
    kind: ConvolutionKind,
    shape: readonly number[],
    kernel: Tensor,
    dy: Tensor,
    geometry: ConvolutionGeometry
  ): Tensor {
    const attributes = this.#convolutionAttributes(kind, geometry)
    return this.run(`${kind}BackpropInput`, attributes, [this.integers(shape), kernel, dy])
  }

  /** Gradient of a convolution with respect to its kernel, whose shape is given. */
  convolutionKernelGradient(
    kind: ConvolutionKind,
    x: Tensor,
    shape: readonly number[],
    dy: Tensor,
    geometry: ConvolutionGeometry
  ): Tensor {
    const attributes = this.#convolutionAttributes(kind, geometry)
    return this.run(`${kind}BackpropFilter`, attributes, [x, this.integers(shape), dy])
  }

  matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
    const attributes = [
      this.flagAttribute('transpose_a', transposeA),
      this.flagAttribute('transpose_b', transposeB),
      this.#float
    ]
    return this.run('MatMul', attributes, [a, b])
  }

  /** Shares the buffer. */
  reshape(x: Tensor, shape: readonly number[]): Tensor {
    return this.run('Reshape', [this.#float, this.typeAttribute('Tshape', 'int32')], [x, this.integers(shape)])
  }

  /** An elementwise function by its TensorFlow name ('Sigmoid', 'Exp', …). */
  unary(name: string, x: Tensor): Tensor {
    return this.run(name, [this.#float], [x])
  }

  /** A function of two broadcast values, or a gradient's kernel, by its TensorFlow name. */
  binary(name: string, a: Tensor, b: Tensor): Tensor {
    return this.run(name, [this.#float], [a, b])
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.run('AddV2', [this.#float], [a, b])
  }

  subtract(a: Tensor, b: Tensor): Tensor {
    return this.run('Sub', [this.#float], [a, b])
  }

  multiply(a: Tensor, b: Tensor): Tensor {
    return this.run('Mul', [this.#float], [a, b])
  }

  biasAdd(x: Tensor, bias: Tensor): Tensor {
    return this.run('BiasAdd', [this.#float, this.#layout], [x, bias])
  }

  /** Sum over all dimensions but the last. */
  biasGradient(dy: Tensor): Tensor {
    return this.run('BiasAddGrad', [this.#float, this.#layout], [dy])
  }

  /** max(x, 0), or min(max(x, 0), 6). */
  rectify(x: Tensor, max: 6 | null): Tensor {
    return this.run(max === 6 ? 'Relu6' : 'Relu', [this.#float], [x])
  }

  /** `y` may be the rectifier's input or its output: both lie strictly inside the linear part at the same places. */
  rectifyGradient(dy: Tensor, y: Tensor, max: 6 | null): Tensor {
    return this.run(max === 6 ? 'Relu6Grad' : 'ReluGrad', [this.#float], [dy, y])
  }

  sum(x: Tensor, axes: readonly number[], keepDimensions = false): Tensor {
    return this.#reduce('Sum', x, axes, keepDimensions)
  }

  mean(x: Tensor, axes: readonly number[], keepDimensions = false): Tensor {
    return this.#reduce('Mean', x, axes, keepDimensions)
  }

  max(x: Tensor, axes: readonly number[]): Tensor {
    return this.#reduce('Max', x, axes, false)
  }

  /** A border around height and width, [[top, bottom], [left, right]], of zeros or another value. */
  pad(x: Tensor, vertical: [number, number], horizontal: [number, number], value = 0): Tensor {
    const paddings = this.#constant(`p${[...vertical, ...horizontal].join(',')}`, () =>
      this.tf.tensor2d([[0, 0], vertical, horizontal, [0, 0]], [4, 2], 'int32')
    )
    const attributes = [this.#float, this.typeAttribute('Tpaddings', 'int32')]
    return value === 0
      ? this.run('Pad', attributes, [x, paddings])
      : this.run('PadV2', attributes, [x, paddings, this.constant(value)])
  }

  /** One after the other along `axis`. */
  concat(tensors: readonly Tensor[], axis: number): Tensor {
    const count = { name: 'N', type: this.#backend.binding.TF_ATTR_INT, value: tensors.length }
    const attributes = [count, this.typeAttribute('Tidx', 'int32'), this.#float]
    const place = this.#constant(`a${axis}`, () => this.tf.scalar(axis, 'int32'))
    return this.run('ConcatV2', attributes, [...tensors, place])
  }

  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
    const attributes = [this.#float, this.typeAttribute('Index', 'int32')]
    return this.run('Slice', attributes, [x, this.integers(begin), this.integers(size)])
  }

  broadcast(x: Tensor, shape: readonly number[]): Tensor {
    return this.run('BroadcastTo', [this.#float, this.typeAttribute('Tidx', 'int32')], [x, this.integers(shape)])
  }

  /** Σ x² / 2. */
  halfSquaredNorm(x: Tensor): Tensor {
    return this.run('L2Loss', [this.#float], [x])
  }

  /**
   * Cross-entropy of each row of logits against a row of target probabilities.
   * @returns the losses [rows], and their gradient by the logits [rows, classes].
   */
  softmaxCrossEntropy(logits: Tensor, targets: Tensor): [losses: Tensor, gradient: Tensor] {
    const [losses, gradient] = this.runMany('SoftmaxCrossEntropyWithLogits', [this.#float], [logits, targets], 2) as [
      Tensor,
      Tensor
    ]
    return [losses, gradient]
  }

  #reduce(name: 'Sum' | 'Mean' | 'Max', x: Tensor, axes: readonly number[], keepDimensions: boolean): Tensor {
    const attributes = [
      this.flagAttribute('keep_dims', keepDimensions),
      this.#float,
      this.typeAttribute('Tidx', 'int32')
    ]
    return this.run(name, attributes, [x, this.integers(axes)])
  }

  #convolutionAttributes(kind: ConvolutionKind, geometry: ConvolutionGeometry): TFEOpAttr[] {
    const attributes = [
      this.#float,
      this.integersAttribute('strides', [1, ...geometry.strides, 1]),
      this.textAttribute('padding', geometry.padding),
      this.#layout,
      this.integersAttribute('dilations', [1, ...geometry.dilations, 1])
    ]
    return kind === 'Conv2D' ? [...attributes, this.flagAttribute('use_cudnn_on_gpu', true)] : attributes
  }

  #constant(key: string, make: () => Tensor): Tensor {
    const known = this.#constants.get(key)
    if (known) return known
    const made = this.tf.keep(make())
    this.#constants.set(key, made)
    return made
  }
}
