/**
 * The two matrix products of a linear classifier's loss and gradient, on ONNX Runtime. The features are the larger factor and
 * stay the same: as a constant of the graph they are laid out for the multiplication once, which makes it twice as fast. Those
 * that are stored pass through it in blocks.
 */
import type { Tensor as OnnxTensor } from 'onnxruntime-node'
import { OnnxModelBuilder } from '../../backbones/onnx/model-builder'
import { blockMemory, blocksOf, type FeatureValues, type StoredRows } from '../../data/feature-rows'
import type { FeatureSet } from '../head-data'
import { createSession, type HeadRuntime } from '../head-sessions'

export interface LinearProducts {
  /** @param kernel [classes, features] @returns kernel · featuresᵀ: [classes, rows] */
  scores: Multiply
  /** @param residuals [classes, rows] @returns residuals · features: [classes, features] */
  gradient: Multiply
  dispose(): Promise<void>
}

type Multiply = (left: Float32Array) => Promise<Float32Array>

/** Above, the features are given anew to each product: laid-out copies of them would take more memory than time is worth. */
const CONSTANT_LIMIT = 2 ** 25
/** Stored rows that are multiplied in one go: 21 MB at 1,280 features. */
const BLOCK_ROWS = 4096

export async function openProducts(
  runtime: HeadRuntime,
  features: FeatureSet<FeatureValues>,
  classes: number
): Promise<LinearProducts> {
  const scores = await openProduct(runtime, features, classes, 'scores')
  const gradient = await openProduct(runtime, features, classes, 'gradient')
  return {
    scores: scores.multiply,
    gradient: gradient.multiply,
    async dispose() {
      await scores.dispose()
      await gradient.dispose()
    }
  }
}

export interface LinearProduct {
  multiply: Multiply
  dispose(): Promise<void>
}

type ProductName = 'scores' | 'gradient'

/** One of the two. */
export const openProduct = (
  runtime: HeadRuntime,
  { values, width }: FeatureSet<FeatureValues>,
  classes: number,
  product: ProductName
): Promise<LinearProduct> =>
  values instanceof Float32Array
    ? wholeProduct(runtime, { values, width }, classes, product)
    : productInBlocks(runtime, values, classes, product)

async function wholeProduct(
  runtime: HeadRuntime,
  { values, width }: Pick<FeatureSet, 'values' | 'width'>,
  classes: number,
  product: ProductName
): Promise<LinearProduct> {
  const shape = [values.length / width, width] as const
  const constant = values.length <= CONSTANT_LIMIT ? values : null
  const session = await createSession(runtime, productGraph(product, classes, shape, constant))
  const { Tensor } = runtime.runtime
  const given: Record<string, OnnxTensor> = constant ? {} : { features: new Tensor('float32', values, shape) }
  return {
    async multiply(left) {
      const feeds = { ...given, left: new Tensor('float32', left, [classes, left.length / classes]) }
      const outputs = await session.run(feeds)
      return outputs['product']!.data as Float32Array
    },
    dispose: () => session.release()
  }
}

async function productInBlocks(
  runtime: HeadRuntime,
  stored: StoredRows,
  classes: number,
  product: ProductName
): Promise<LinearProduct> {
  const { width } = stored
  const rows = stored.length / width
  const memory = blockMemory(stored, width, BLOCK_ROWS)
  const session = await createSession(runtime, productGraph(product, classes, ['N', width], null))
  const { Tensor } = runtime.runtime
  const multiplyBlock = async (left: Float32Array, block: Float32Array): Promise<Float32Array> => {
    const outputs = await session.run({
      left: new Tensor('float32', left, [classes, left.length / classes]),
      features: new Tensor('float32', block, [block.length / width, width])
    })
    return outputs['product']!.data as Float32Array
  }

  /** Each block gives some columns of [classes, rows]. */
  const scores = async (kernel: Float32Array): Promise<Float32Array> => {
    const out = new Float32Array(classes * rows)
    for (const { start, count, values } of blocksOf(stored, width, BLOCK_ROWS, memory)) {
      const columns = await multiplyBlock(kernel, values)
      for (let label = 0; label < classes; label++)
        out.set(columns.subarray(label * count, (label + 1) * count), label * rows + start)
    }
    return out
  }

  /** Each block takes some columns of [classes, rows], and adds to all of [classes, features]. */
  const gradient = async (residuals: Float32Array): Promise<Float32Array> => {
    const sums = new Float64Array(classes * width)
    for (const { start, count, values } of blocksOf(stored, width, BLOCK_ROWS, memory)) {
      const columns = new Float32Array(classes * count)
      for (let label = 0; label < classes; label++)
        columns.set(residuals.subarray(label * rows + start, label * rows + start + count), label * count)
      const part = await multiplyBlock(columns, values)
      for (let index = 0; index < sums.length; index++) sums[index]! += part[index]!
    }
    return Float32Array.from(sums)
  }

  return { multiply: product === 'scores' ? scores : gradient, dispose: () => session.release() }
}

function productGraph(
  product: ProductName,
  classes: number,
  [rows, width]: readonly [number | string, number],
  constant: Float32Array | null
): Uint8Array {
  const scores = product === 'scores'
  const builder = new OnnxModelBuilder(product).addInput('left', [classes, scores ? width : rows])
  if (constant) builder.addInitializer('features', [Number(rows), width], constant)
  else builder.addInput('features', [rows, width])
  return builder
    .addNode('Gemm', ['left', 'features'], ['product'], { transB: { int: scores ? 1 : 0 } })
    .addOutput('product', [classes, scores ? rows : width])
    .build()
}
