/**
 * The two matrix products of a linear classifier's loss and gradient, on ONNX Runtime. The features are the larger factor and
 * stay the same: as a constant of the graph they are laid out for the multiplication once, which makes it twice as fast.
 */
import { OnnxModelBuilder } from '../../backbones/onnx/model-builder'
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

export async function openProducts(
  runtime: HeadRuntime,
  features: FeatureSet,
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

/** One of the two. */
export async function openProduct(
  runtime: HeadRuntime,
  { values, width }: FeatureSet,
  classes: number,
  product: 'scores' | 'gradient'
): Promise<LinearProduct> {
  const shape = [values.length / width, width] as const
  const constant = values.length <= CONSTANT_LIMIT ? values : null
  const session = await createSession(runtime, productGraph(product, classes, shape, constant))
  const { Tensor } = runtime.runtime
  const given: Record<string, InstanceType<typeof Tensor>> = constant
    ? {}
    : { features: new Tensor('float32', values, shape) }
  return {
    async multiply(left) {
      const feeds = { ...given, left: new Tensor('float32', left, [classes, left.length / classes]) }
      const outputs = await session.run(feeds)
      return outputs['product']!.data as Float32Array
    },
    dispose: () => session.release()
  }
}

function productGraph(
  product: 'scores' | 'gradient',
  classes: number,
  [rows, width]: readonly [number, number],
  constant: Float32Array | null
): Uint8Array {
  const scores = product === 'scores'
  const builder = new OnnxModelBuilder(product).addInput('left', [classes, scores ? width : rows])
  if (constant) builder.addInitializer('features', [rows, width], constant)
  else builder.addInput('features', [rows, width])
  return builder
    .addNode('Gemm', ['left', 'features'], ['product'], { transB: { int: scores ? 1 : 0 } })
    .addOutput('product', [classes, scores ? rows : width])
    .build()
}
