import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { OnnxModelBuilder } from '../../main/engine/backbones/onnx/model-builder'

describe('OnnxModelBuilder', () => {
  it('writes a model that ONNX Runtime runs, with every kind of attribute', async () => {
    const model = new OnnxModelBuilder('affine')
      .addInput('x', ['N', 2])
      .addInitializer('w', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))
      .addInitializer('b', [3], Float32Array.of(10, 20, 30))
      .addInitializer('axes', [1], BigInt64Array.of(1n))
      .addNode('Gemm', ['x', 'w', 'b'], ['y'], { alpha: { float: 2 }, transB: { int: 0 } })
      .addNode('Transpose', ['y'], ['t'], { perm: { ints: [1, 0] } })
      .addNode('ReduceSum', ['t', 'axes'], ['sums'], { keepdims: { int: 0 } })
      .addOutput('y', ['N', 3])
      .addOutput('sums', [3])
      .build()
    const session = await InferenceSession.create(model)
    const result = await session.run({ x: new Tensor('float32', Float32Array.of(1, 1, 0, 2), [2, 2]) })
    expect([...(result['y']!.data as Float32Array)]).toEqual([20, 34, 48, 26, 40, 54])
    expect([...(result['sums']!.data as Float32Array)]).toEqual([46, 74, 102])
  })
})
