import { beforeAll, expect, it } from 'vitest'
import type { OptimizerId } from '@shared/domain/training-config'
import { createRandom } from '@shared/random'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { NativeOptimizer } from '../../../main/engine/training/finetune/optimizer'
import { ParameterStore } from '../../../main/engine/training/finetune/parameters'
import { createOptimizer } from '../../../main/engine/training/optimizers'
import { largestDifference } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'

const STEPS = 25
const SIZE = 12

let tf: TensorFlow
beforeAll(async () => {
  tf = loadTensorFlow(await ensureTestRuntime())
})

const draw = (seed: number): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: SIZE }, () => random.normal())
}

it.each<OptimizerId>(['adamw', 'adam', 'sgd', 'rmsprop'])(
  '%s moves parameters as the one on plain arrays does',
  (optimizer) => {
    const ops = new NativeOps(tf)
    const store = new ParameterStore(ops, new Map())
    const plain = [
      { values: draw(1), decays: true },
      { values: draw(2), decays: false }
    ]
    plain.forEach(({ values, decays }, place) => store.add(`p${place}`, [3, 4], values, decays))
    const native = new NativeOptimizer(ops, store.all, { optimizer, weightDecay: 0.1, clipNorm: 0, momentum: 0.8 })
    const reference = createOptimizer({ optimizer, weightDecay: 0.1, momentum: 0.8 }, plain)
    for (let step = 0; step < STEPS; step++) {
      const gradients = [draw(100 + step), draw(200 + step)]
      native.step(new Map(gradients.map((values, place) => [`p${place}`, tf.tensor2d(values.slice(), [3, 4])])), 0.01)
      reference.step(gradients, 0.01)
    }
    plain.forEach(({ values }, place) => {
      const moved = store.snapshot().get(`p${place}`)!
      expect(largestDifference(moved, values)).toBeLessThan(1e-5)
      expect(largestDifference(moved, draw(place + 1))).toBeGreaterThan(0.01)
    })
    for (const resource of [native, store, ops]) resource.dispose()
  }
)

it('clips by the norm over all parameters together, and tells that norm', () => {
  const ops = new NativeOps(tf)
  const store = new ParameterStore(ops, new Map())
  for (const key of ['a', 'b']) store.add(key, [2], new Float32Array(2), true)
  const optimizer = new NativeOptimizer(ops, store.all, {
    optimizer: 'sgd',
    weightDecay: 0,
    clipNorm: 1,
    momentum: 0.9
  })
  const gradients = new Map([
    ['a', tf.tensor1d([3, 0])],
    ['b', tf.tensor1d([0, 4])]
  ])
  expect(optimizer.step(gradients, 1)).toBeCloseTo(5)
  // Nesterov's first step is 1 + μ times the clipped gradient.
  const { a, b } = Object.fromEntries(store.snapshot())
  expect(a![0]).toBeCloseTo(-1.9 * 0.6)
  expect(b![1]).toBeCloseTo(-1.9 * 0.8)
  for (const resource of [optimizer, store, ops]) resource.dispose()
})

it('tells of gradients that are no numbers', () => {
  const ops = new NativeOps(tf)
  const store = new ParameterStore(ops, new Map())
  store.add('a', [2], new Float32Array(2), true)
  const optimizer = new NativeOptimizer(ops, store.all, {
    optimizer: 'adamw',
    weightDecay: 0,
    clipNorm: 1,
    momentum: 0.9
  })
  expect(optimizer.step(new Map([['a', tf.tensor1d([NaN, 0])]]), 1)).toBeNaN()
  for (const resource of [optimizer, store, ops]) resource.dispose()
})
