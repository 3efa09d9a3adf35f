/** The real runtime: it loads, computes rightly, and its executor agrees with a network computed by hand. */
import { existsSync } from 'node:fs'
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-node-gpu'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import util from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { NetworkGraph } from '../../main/engine/backbones/graph'
import { interpret } from '../../main/engine/backbones/reference'
import { availableExecutors, chooseExecutors, fastest } from '../../main/engine/executors/choose'
import type { Executor } from '../../main/engine/executors/executor'
import { createTensorFlowExecutor } from '../../main/engine/executors/tensorflow'
import { loadTensorFlow, type TensorFlow } from '../../main/engine/runtime/load'
import { runFirstOperation } from '../../main/engine/runtime/verify'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../fixtures/graphs'
import { ensureTestRuntime } from '../fixtures/runtime'

let location: RuntimeLocation
let tf: TensorFlow

beforeAll(async () => {
  location = await ensureTestRuntime()
  tf = loadTensorFlow(location, { threads: 2 })
}, 600_000)

describe('loading', () => {
  test('the first operation is right, on the version that was asked for', () => {
    expect(runFirstOperation(location)).toEqual({ version: '2.21.0', gpu: false })
    expect(tf.getBackend()).toBe('tensorflow')
  })

  test('again is the same module; another runtime in this process is refused', () => {
    expect(loadTensorFlow(location)).toBe(tf)
    expect(() => loadTensorFlow({ ...location, directory: '/elsewhere' })).toThrow(
      expect.objectContaining({ code: 'runtime/failed' })
    )
  })

  test('nothing was written into the package, and util has what the package calls', () => {
    const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')
    expect(existsSync(join(dirname(manifest), 'lib'))).toBe(false)
    expect(existsSync(join(dirname(manifest), 'deps'))).toBe(false)
    const old = util as unknown as { isNullOrUndefined(value: unknown): boolean; isArray(value: unknown): boolean }
    expect([null, undefined, 0, ''].map((value) => old.isNullOrUndefined(value))).toEqual([true, true, false, false])
    expect(old.isArray([])).toBe(true)
  })

  test('threads are as asked', () => {
    expect(process.env['TF_NUM_INTRAOP_THREADS']).toBe('2')
  })
})

describe('kernels', () => {
  test('round keeps whole numbers, and rounds halves to even as TensorFlow does', () => {
    const before = tf.memory().numTensors
    const whole = tf.tensor1d([-3, 0, 5, 1e6], 'int32')
    const rounded = whole.round()
    expect(rounded.dtype).toBe('int32')
    expect([...rounded.dataSync()]).toEqual([-3, 0, 5, 1e6])
    whole.dispose()
    expect([...rounded.dataSync()]).toEqual([-3, 0, 5, 1e6])
    rounded.dispose()
    expect(tf.memory().numTensors).toBe(before)
    expect([...tf.tidy(() => tf.tensor1d([0.5, 1.5, -1.2, 2.7]).round().dataSync())]).toEqual([0, 2, -1, 3])
  })

  test('operations on whole numbers give what they give for the same numbers as floats', () => {
    const names = ['abs', 'neg', 'square', 'sign', 'relu', 'reverse', 'cumsum', 'clone'] as const
    type Operation = (x: Tensor1D) => Tensor
    for (const name of names) {
      const operation = tf[name] as unknown as Operation
      const [whole, floats] = tf.tidy(() =>
        (['int32', 'float32'] as const).map((type) => [...operation(tf.tensor1d([-3, 0, 2, 7], type)).dataSync()])
      )
      expect(whole, name).toEqual(floats!.map((value) => value + 0))
    }
  })

  test('top-k, which needs the removed utilities', () => {
    const { values, indices } = tf.topk(tf.tensor1d([3, 9, 1, 7]), 2)
    expect([...values.dataSync()]).toEqual([9, 7])
    expect([...indices.dataSync()]).toEqual([1, 3])
  })
})

describe('executor', () => {
  let executor: Executor
  beforeAll(() => (executor = createTensorFlowExecutor({ runtime: location, threads: 2 })))

  test('says what it is', () => {
    expect(executor).toMatchObject({ id: 'tensorflow', device: 'CPU', version: '2.21.0', threads: 2 })
  })

  /** 2 × 2 picture of one channel; the kernel picks its diagonal, batch-norm doubles it and adds 1, and it is cut at 6. */
  const byHand: NetworkGraph = {
    name: 'by hand',
    nodes: [
      { name: 'in', op: 'input', height: 2, width: 2, channels: 1 },
      {
        ...{ name: 'conv', op: 'conv2d', input: 'in', kernel: 'k', bias: null },
        ...{ strides: [1, 1], padding: 'valid', dilations: [1, 1] }
      },
      {
        ...{ name: 'bn', op: 'batchNorm', input: 'conv' },
        ...{ gamma: 'g', beta: 'b', mean: 'm', variance: 'v', epsilon: 0 }
      },
      { name: 'relu', op: 'relu', input: 'bn', max: 6 },
      { name: 'pool', op: 'globalAveragePool', input: 'relu', keepDims: false }
    ],
    output: 'pool',
    weights: new Map(
      Object.entries({ k: [1, 0, 0, 1], g: [4], b: [1], m: [1], v: [4] }).map(([key, values]) => [
        key,
        { shape: key === 'k' ? [2, 2, 1, 1] : [1], data: new Float32Array(values) }
      ])
    )
  }

  test('a network by hand: (1 + 4 − 1) / 2 · 4 + 1 is 9, cut to 6; (−2 + 0 − 1) / 2 · 4 + 1 is −5, cut to 0', async () => {
    const network = await executor.load(byHand)
    expect(network).toMatchObject({ inputShape: [2, 2, 1], outputShape: [1] })
    const batch = new Float32Array([1, 9, 9, 4, -2, 9, 9, 0, 0.5, 9, 9, 1.5])
    expect([...(await network.run(batch, 3))]).toEqual([6, 0, 3])
    await expect(network.run(batch, 2)).rejects.toThrow(RangeError)
    await network.dispose()
  })

  test.each<[string, NetworkGraph]>([
    ['inverted residuals', tinyBackbone()],
    [
      'every other layer',
      new GraphSketch(9, 7, 3)
        .zeroPad('pad', [0, 2, 0, 1])
        .conv('a', [3, 3, 3, 5], { padding: { top: 0, bottom: 1, left: 2, right: 1 }, bias: true })
        .relu('r', null)
        .batchNorm('alone', 5, { scale: false })
        .relu('cut', 4)
        .depthwise('d', [3, 3, 5, 2], { padding: 'valid', dilations: 2 })
        .dropout('drop')
        .pool()
        .dense('fc', 10, 4)
        .build()
    ]
  ])('%s: as the layers are defined, and no tensor stays', async (_, graph) => {
    const before = tf.memory().numTensors
    const network = await executor.load(graph)
    const size = network.inputShape.reduce((product, side) => product * side, 1)
    const batch = randomInput(3 * size)
    const actual = await network.run(batch, 3)
    const expected = [0, 1, 2].flatMap((n) => [...interpret(graph, batch.subarray(n * size, (n + 1) * size))])
    expect(largestDifference(actual, expected)).toBeLessThan(1e-4)
    await network.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('choosing', () => {
  test('on a CPU: ONNX Runtime for what is frozen, TensorFlow for what is trained', async () => {
    const choice = await chooseExecutors({ runtime: location, threads: 2, graph: tinyBackbone(), needsTraining: true })
    expect(choice).toMatchObject({ frozen: { id: 'onnxruntime' }, training: { id: 'tensorflow' }, reason: null })
  })

  test('without a runtime, or without need of it, TensorFlow is not loaded', async () => {
    for (const runtime of [null, location]) {
      const choice = await chooseExecutors({ runtime, threads: 1, graph: tinyBackbone(), needsTraining: false })
      expect(choice).toMatchObject({ frozen: { id: 'onnxruntime', threads: 1 }, training: null, reason: null })
    }
  })

  test('a runtime that does not load is a reason, not a failure', async () => {
    const runtime = { ...location, directory: '/elsewhere' }
    const choice = await chooseExecutors({ runtime, threads: 1, graph: tinyBackbone(), needsTraining: true })
    expect(choice).toMatchObject({ frozen: { id: 'onnxruntime' }, training: null })
    expect(choice.reason).toContain('TensorFlow')
  })

  test('everything that loads here, best first; the fastest is measured', async () => {
    const { executors, missing } = await availableExecutors({ runtime: location, threads: 2 })
    expect(executors.map(({ id }) => id)).toEqual(['tensorflow', 'onnxruntime', 'wasm'])
    expect(missing).toEqual([])
    const slow: Executor = {
      ...executors[1]!,
      load: async (graph) => {
        const network = await executors[1]!.load(graph)
        const run: typeof network.run = async (batch, count) => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          return network.run(batch, count)
        }
        return { ...network, run }
      }
    }
    expect(await fastest([slow, executors[1]!], tinyBackbone())).toBe(executors[1])
  })
})
