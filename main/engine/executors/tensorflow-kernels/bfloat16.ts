/**
 * Matrix products of numbers that are rounded to bfloat16 (8 bits of significand, float32's exponents) and added up in float32
 * by oneDNN: mixed precision as Micikevicius et al. 2018 have it (https://arxiv.org/abs/1710.03740), with weights that stay
 * float32. bfloat16 reaches as far as float32, so the loss needs no scale (Kalamkar et al. 2019,
 * https://arxiv.org/abs/1905.12322).
 */
import type { TensorMetadata, TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import { backendOf, type NativeBackend, type NativeOps, type Tensor } from './native-ops'

/** TF_BFLOAT16 (tensorflow/c/tf_datatype.h), which TF.js knows nothing of. */
const BFLOAT16 = 14

/** A matrix on TensorFlow's side that TF.js does not see: `Bfloat16Ops.dispose` lets go of it. */
export interface Bfloat16Matrix {
  readonly id: number
}

export class Bfloat16Ops {
  readonly #ops: NativeOps

  constructor(ops: NativeOps) {
    this.#ops = ops
  }

  /** Rounds to nearest, ties to even. @param x float32, taken as rows of its last dimension; stays the caller's */
  round(x: Tensor, columns: number): Bfloat16Matrix {
    const rows = this.#ops.reshape(x, [-1, columns])
    const [id] = this.#backend.getInputTensorIds([rows]) as [number]
    const rounded = this.#run('Cast', this.#castAttributes(this.#float, BFLOAT16), [id])
    rows.dispose()
    return { id: rounded.id! }
  }

  /** @returns the product in float32, with that shape. */
  product(
    a: Bfloat16Matrix,
    b: Bfloat16Matrix,
    shape: readonly number[],
    transpose: { a?: boolean; b?: boolean } = {}
  ): Tensor {
    const ops = this.#ops
    const attributes = [
      ops.flagAttribute('transpose_a', transpose.a ?? false),
      ops.flagAttribute('transpose_b', transpose.b ?? false),
      this.#type('T', BFLOAT16)
    ]
    const product = this.#run('MatMul', attributes, [a.id, b.id])
    const wide = this.#run('Cast', this.#castAttributes(BFLOAT16, this.#float), [product.id!])
    this.#backend.binding.deleteTensor(product.id!)
    const rows = this.#backend.createOutputTensor(wide)
    const shaped = ops.reshape(rows, shape)
    rows.dispose()
    return shaped
  }

  dispose(matrix: Bfloat16Matrix): void {
    this.#backend.binding.deleteTensor(matrix.id)
  }

  get #backend(): NativeBackend {
    return backendOf(this.#ops.tf)
  }

  get #float(): number {
    return this.#backend.binding.TF_FLOAT
  }

  #run(name: string, attributes: TFEOpAttr[], inputs: number[]): TensorMetadata {
    return this.#backend.binding.executeOp(name, attributes, inputs, 1)[0]!
  }

  #castAttributes(from: number, to: number): TFEOpAttr[] {
    return [this.#type('SrcT', from), this.#type('DstT', to), this.#ops.flagAttribute('Truncate', false)]
  }

  #type(name: string, value: number): TFEOpAttr {
    return { name, type: this.#backend.binding.TF_ATTR_TYPE, value }
  }
}
