/** A convolution and its two gradients, each by the fastest kernel there is for its shape. */
import type { ConvolutionGeometry, ConvolutionKind, NativeOps, Tensor } from './native-ops'

export interface Border {
  top: number
  bottom: number
  left: number
  right: number
}

export interface Convolver {
  readonly isDepthwise: boolean
  forward(x: Tensor, kernel: Tensor): Tensor
  inputGradient(shape: readonly number[], kernel: Tensor, dy: Tensor): Tensor
  kernelGradient(x: Tensor, dy: Tensor): Tensor
}

/** @param border explicit zeros around the picture, or null when `geometry.padding` says it all. */
export function convolver(
  ops: NativeOps,
  kind: ConvolutionKind,
  kernelShape: readonly number[],
  geometry: ConvolutionGeometry,
  border: Border | null
): Convolver {
  const [height, width] = kernelShape
  const isPoint = height === 1 && width === 1 && geometry.strides.every((stride) => stride === 1) && !border
  if (kind === 'Conv2D' && isPoint && !ops.onGpu) return pointwise(ops, kernelShape)
  const plain = direct(ops, kind, kernelShape, geometry)
  return border ? bordered(ops, plain, border) : plain
}

function direct(
  ops: NativeOps,
  kind: ConvolutionKind,
  kernelShape: readonly number[],
  geometry: ConvolutionGeometry
): Convolver {
  return {
    isDepthwise: kind === 'DepthwiseConv2dNative',
    forward: (x, kernel) => ops.convolve(kind, x, kernel, geometry),
    inputGradient: (shape, kernel, dy) => ops.convolutionInputGradient(kind, shape, kernel, dy, geometry),
    kernelGradient: (x, dy) => ops.convolutionKernelGradient(kind, x, kernelShape, dy, geometry)
  }
}

/**
 * A 1 × 1 convolution with stride 1 is a matrix product over all pixels. Its gradients as matrix products take 0.3–0.9 of the
 * time of oneDNN's convolution gradients on a CPU (measured at the shapes of EfficientNet-Lite0).
 */
function pointwise(ops: NativeOps, kernelShape: readonly number[]): Convolver {
  const [inputs, outputs] = kernelShape.slice(2) as [number, number]
  const flat = (x: Tensor): Tensor => ops.reshape(x, [-1, x.shape.at(-1)!])
  const product = (
    a: Tensor,
    b: Tensor,
    shape: readonly number[],
    transposeA: boolean,
    transposeB: boolean
  ): Tensor => {
    const result = ops.matMul(a, b, transposeA, transposeB)
    const shaped = ops.reshape(result, shape)
    for (const tensor of [a, b, result]) tensor.dispose()
    return shaped
  }
  const matrix = (kernel: Tensor): Tensor => ops.reshape(kernel, [inputs, outputs])
  return {
    isDepthwise: false,
    forward: (x, kernel) => product(flat(x), matrix(kernel), [...x.shape.slice(0, 3), outputs], false, false),
    inputGradient: (shape, kernel, dy) => product(flat(dy), matrix(kernel), shape, false, true),
    kernelGradient: (x, dy) => product(flat(x), flat(dy), kernelShape, true, false)
  }
}

function bordered(ops: NativeOps, inner: Convolver, { top, bottom, left, right }: Border): Convolver {
  const padded = <T>(x: Tensor, use: (x: Tensor) => T): T => {
    const wide = ops.pad(x, [top, bottom], [left, right])
    const result = use(wide)
    wide.dispose()
    return result
  }
  return {
    isDepthwise: inner.isDepthwise,
    forward: (x, kernel) => padded(x, (wide) => inner.forward(wide, kernel)),
    inputGradient: (shape, kernel, dy) => {
      const [images, height, width, channels] = shape as [number, number, number, number]
      const wide = inner.inputGradient([images, height + top + bottom, width + left + right, channels], kernel, dy)
      const dx = ops.slice(wide, [0, top, left, 0], shape)
      wide.dispose()
      return dx
    },
    kernelGradient: (x, dy) => padded(x, (wide) => inner.kernelGradient(wide, dy))
  }
}
