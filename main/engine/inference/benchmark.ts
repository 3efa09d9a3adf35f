/** What this machine does, on every executor that is there: products of matrices, and backbones of three sizes. */
import type { DeviceBenchmark, ProductSpeed } from '@shared/domain/device'
import { StudioError } from '@shared/errors'
import { architectureOf, randomWeights } from '../backbones/architectures'
import { featureExtractor } from '../backbones/feature-extractor'
import type { NetworkGraph } from '../backbones/graph'
import type { Executor } from '../executors/executor'
import { fastest, measureNetwork } from './measure'

/** Small, middling and large, as 0.3, 0.4 and 4 billion multiply-adds an image. How fast one is does not hang on its weights. */
const BACKBONES = ['mobilenet-v2-1.00', 'efficientnet-lite0', 'resnet50']
const SEED = 1

/** Side of the matrices. */
const SIDE = 1024
/** Products one after another, so that moving the numbers to a GPU and back does not count for most. */
const PRODUCTS = 4
const BUDGET_MS = 1000

/** @param onProgress how many of all pieces of work are done */
export async function benchmarkExecutors(
  executors: readonly Executor[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void
): Promise<DeviceBenchmark> {
  const result: DeviceBenchmark = { products: [], backbones: [] }
  const total = executors.length * (1 + BACKBONES.length)
  const next = (): void => {
    if (signal.aborted) throw new StudioError('job/cancelled', 'The measurement was stopped.')
    onProgress(result.products.length + result.backbones.length, total)
  }
  const product = productGraph()
  for (const executor of executors) {
    next()
    result.products.push(await productSpeed(executor, product))
  }
  for (const id of BACKBONES) {
    const features = featureExtractor(architectureOf(id).build({ weights: randomWeights(SEED), classes: null }))
    for (const executor of executors) {
      next()
      const network = await executor.load(features)
      result.backbones.push(await measureNetwork(id, network, executor))
    }
  }
  return result
}

/**
 * A convolution of 1 × 1 over a picture of 32 × 32 with 1,024 channels is the product of two matrices of 1,024 × 1,024, which
 * every executor can be asked for.
 */
function productGraph(): NetworkGraph {
  const side = Math.sqrt(SIDE)
  const kernel = Float32Array.from({ length: SIDE * SIDE }, (_, index) => Math.sin(index) / SIDE)
  const name = (index: number): string => (index === 0 ? 'input' : `product-${index}`)
  return {
    name: 'products',
    nodes: [
      { op: 'input', name: name(0), height: side, width: side, channels: SIDE },
      ...Array.from({ length: PRODUCTS }, (_, index) => ({
        op: 'conv2d' as const,
        name: name(index + 1),
        input: name(index),
        kernel: `${name(index + 1)}/kernel`,
        bias: null,
        strides: [1, 1] as [number, number],
        dilations: [1, 1] as [number, number],
        padding: 'valid' as const
      }))
    ],
    weights: new Map(
      Array.from({ length: PRODUCTS }, (_, index) => [
        `${name(index + 1)}/kernel`,
        { shape: [1, 1, SIDE, SIDE], data: kernel }
      ])
    ),
    output: name(PRODUCTS)
  }
}

async function productSpeed(executor: Executor, graph: NetworkGraph): Promise<ProductSpeed> {
  const { id, device, threads } = executor
  const network = await executor.load(graph)
  try {
    const milliseconds = await fastest(network, 1, BUDGET_MS)
    return { executor: id, device, threads, gigaflops: (PRODUCTS * 2 * SIDE ** 3) / milliseconds / 1e6 }
  } finally {
    await network.dispose()
  }
}
