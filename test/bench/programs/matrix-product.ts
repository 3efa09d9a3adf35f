/**
 * How many operations a second a large matrix product in float32 makes, a multiplication and an addition counting as two: what the
 * machine can do at best. Argument: threads.
 */
import { OnnxModelBuilder } from '../../../main/engine/backbones/onnx/model-builder'
import { loadNative } from '../../../main/engine/executors/onnxruntime'
import { serveLines } from './serve-lines'

const SIDE = 2048
const PRODUCTS = 5

async function main([threads]: [string]): Promise<void> {
  const { InferenceSession, Tensor } = loadNative()
  const shape = [SIDE, SIDE]
  // A constant is laid out for the multiplication once, as a network's kernels are.
  const graph = new OnnxModelBuilder('product')
    .addInput('left', shape)
    .addInitializer('right', shape, new Float32Array(SIDE ** 2).fill(0.5))
    .addNode('MatMul', ['left', 'right'], ['product'], {})
    .addOutput('product', shape)
    .build()
  const session = await InferenceSession.create(graph, { intraOpNumThreads: Number(threads), logSeverityLevel: 3 })
  const left = new Tensor('float32', new Float32Array(SIDE ** 2).fill(0.5), shape)
  await serveLines(async () => {
    const start = performance.now()
    for (let count = 0; count < PRODUCTS; count++) await session.run({ left })
    return { gflops: (2 * SIDE ** 3 * PRODUCTS) / (performance.now() - start) / 1e6 }
  })
  await session.release()
}

void main(process.argv.slice(2) as [string])
