/** A convolution and its two gradients, each by the fastest kernel there is for its shape. */
import { Bfloat16Ops, type Bfloat16Matrix } from './bfloat16'
import type { ConvolutionGeometry, ConvolutionKind, NativeOps, Tensor } from './native-ops'

export interface Border {
  top: number
  bottom: number
  left: number
  right: number
}

export interface Convolver {
  readonly isDepthwise: boolean
  /** Whether `backward` looks at x; otherwise `forward` keeps what is needed of it. */
  readonly needsInput: boolean
  /** @param training whether a `backward` may follow. */
  forward(x: Tensor, kernel: Tensor, training: boolean): Tensor
  /** @param x of the last `forward`, as is `kernel`. @param wanted whether the gradient by the input is. */
  backward(x: Tensor | undefined, kernel: Tensor, dy: Tensor, wanted: boolean): ConvolutionGradients
  /** Lets go of what `forward` keeps for `backward`. */
  release(): void
}

/** New tensors. */
export interface ConvolutionGradients {
  byKernel: Tensor
  byInput: Tensor | null
}

/** Of the products that 1 × 1 convolutions are. */
export type ProductPrecision = 'float32' | 'bfloat16'

/**
 * @param border explicit zeros around the picture, or null when `geometry.padding` says it all.
 * @param precision counts while training, on a CPU, where there are channels enough.
 */
export function convolver(
  ops: NativeOps,
  kind: ConvolutionKind,
  kernelShape: readonly number[],
  geometry: ConvolutionGeometry,
  border: Border | null,
  precision: ProductPrecision
): Convolver {
  const [height, width] = kernelShape
  const isPoint = height === 1 && width === 1 && geometry.strides.every((stride) => stride === 1) && !border
  if (kind === 'Conv2D' && isPoint && !ops.onGpu) {
    const exact = pointwise(ops, kernelShape)
    return precision === 'bfloat16' && gainsByRounding(kernelShape) ? rounded(ops, kernelShape, exact) : exact
  }
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
    needsInput: true,
    forward: (x, kernel) => ops.convolve(kind, x, kernel, geometry),
    backward: (x, kernel, dy, wanted) => ({
      byKernel: ops.convolutionKernelGradient(kind, x!, kernelShape, dy, geometry),
      byInput: wanted ? ops.convolutionInputGradient(kind, x!.shape, kernel, dy, geometry) : null
    }),
    release: () => undefined
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
    needsInput: true,
    forward: (x, kernel) => product(flat(x), matrix(kernel), [...x.shape.slice(0, 3), outputs], false, false),
    backward: (x, kernel, dy, wanted) => ({
      byKernel: product(flat(x!), flat(dy), kernelShape, true, false),
      byInput: wanted ? product(flat(dy), matrix(kernel), x!.shape, false, true) : null
    }),
    release: () => undefined
  }
}

/**
 * Rounding costs time by the sum of the channels in and out, the product by their product. With AVX512-BF16 the three products
 * of a step, rounding included, take 1.05–1.5 of float32's time where the quotient is below 30 (16 → 96 to 32 → 192 channels),
 * about the same at 55 (64 → 384), 0.8 at 82 (96 → 576), 0.7–0.85 at 137 (160 → 960).
 */
function gainsByRounding(kernelShape: readonly number[]): boolean {
  const [inputs, outputs] = kernelShape.slice(2) as [number, number]
  return (inputs * outputs) / (inputs + outputs) >= 64
}

/** The same in bfloat16 while training: every picture, kernel and slope is rounded once, and kept rounded for the way back. */
function rounded(ops: NativeOps, kernelShape: readonly number[], exact: Convolver): Convolver {
  const [inputs, outputs] = kernelShape.slice(2) as [number, number]
  const half = new Bfloat16Ops(ops)
  let kept: { x: Bfloat16Matrix; kernel: Bfloat16Matrix } | null = null
  const release = (): void => {
    if (kept) for (const matrix of [kept.x, kept.kernel]) half.dispose(matrix)
    kept = null
  }
  return {
    isDepthwise: false,
    needsInput: false,
    forward(x, kernel, training) {
      if (!training) return exact.forward(x, kernel, false)
      release()
      kept = { x: half.round(x, inputs), kernel: half.round(kernel, outputs) }
      return half.product(kept.x, kept.kernel, [...x.shape.slice(0, 3), outputs])
    },
    backward(_, __, dy, wanted) {
      const { x, kernel } = kept!
      const slope = half.round(dy, outputs)
      const byKernel = half.product(x, slope, kernelShape, { a: true })
      const shape = [...dy.shape.slice(0, 3), inputs]
      const byInput = wanted ? half.product(slope, kernel, shape, { b: true }) : null
      half.dispose(slope)
      return { byKernel, byInput }
    },
    release
  }
}

function bordered(ops: NativeOps, inner: Convolver, { top, bottom, left, right }: Border): Convolver {
  const pad = (x: Tensor): Tensor => ops.pad(x, [top, bottom], [left, right])
  return {
    isDepthwise: inner.isDepthwise,
    needsInput: true,
    forward(x, kernel, training) {
      const wide = pad(x)
      const y = inner.forward(wide, kernel, training)
      wide.dispose()
      return y
    },
    backward(x, kernel, dy, wanted) {
      const wide = pad(x!)
      const { byKernel, byInput } = inner.backward(wide, kernel, dy, wanted)
      wide.dispose()
      const own = byInput && ops.slice(byInput, [0, top, left, 0], x!.shape)
      byInput?.dispose()
      return { byKernel, byInput: own }
    },
    release: () => inner.release()
  }
}
