import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listBlocks, splitAtBlock, splitForTraining } from '../../../main/engine/backbones/blocks'
import { applyContract } from '../../../main/engine/data/preprocess'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { fineTune } from '../../../main/engine/training/finetune'
import { TrainableNetwork } from '../../../main/engine/training/finetune/trainable-network'
import { loadEmbedded } from '../../fixtures/embedded-backbone'
import { largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'
import { FEATURES, openStripes, type Stripes } from '../../fixtures/stripes'

const graph = tinyBackbone()
let stripes: Stripes
let tf: TensorFlow

beforeAll(async () => {
  stripes = await openStripes()
  tf = loadTensorFlow(stripes.runtime, { threads: 2 })
})
afterAll(() => stripes.close())

describe('fine-tuning a small backbone', () => {
  it('learns, and gives back the weights of the best epoch', async () => {
    const input = stripes.input({ fineTune: { unfreeze: 'all', epochs: 14 } })
    input.config.earlyStopping.enabled = false
    const result = await fineTune(input)
    const { steps, epochs } = input.recorded
    const stepsPerEpoch = Math.ceil(stripes.images.filter(({ split }) => split === 'train').length / 6)
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 14 * stepsPerEpoch }, (_, index) => index + 1))
    expect(epochs.at(-1)!.trainLoss!).toBeLessThan(epochs[0]!.trainLoss! * 0.8)
    const best = epochs.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a))
    expect(result.best).toEqual({
      epoch: best.epoch,
      validationLoss: best.validationLoss,
      validationAccuracy: best.validationAccuracy
    })
    expect(result).toMatchObject({ epochsDone: 14, stopped: false })

    // What came back, on the executor for frozen networks, predicts what the best epoch did.
    const merged = { ...graph, weights: new Map([...graph.weights, ...result.tensors]) }
    const probabilities = await validationProbabilities(merged, result.head)
    expect(largestDifference(probabilities, best.validationProbabilities!)).toBeLessThan(1e-4)
  })

  it('changes what is unfrozen and nothing else: no earlier block, no statistic of batch-norm', async () => {
    const before = new Map([...graph.weights].map(([key, { data }]) => [key, data.slice()]))
    const { tensors } = await fineTune(stripes.input())
    const { suffix } = splitForTraining(graph, listBlocks(graph), 2)
    const learnable = [...suffix.weights.keys()].filter((key) => !/moving_/.test(key))
    expect([...tensors.keys()].sort()).toEqual(learnable.sort())
    expect([...tensors.keys()].some((key) => /^(stem|b0)/.test(key))).toBe(false)
    for (const [key, { data, shape }] of tensors) {
      expect(shape).toEqual(graph.weights.get(key)!.shape)
      expect(largestDifference(data, before.get(key)!), key).toBeGreaterThan(0)
    }
    for (const [key, { data }] of graph.weights) expect(largestDifference(data, before.get(key)!)).toBe(0)
  })

  it("learns with the whole backbone, too, and leaves the head's result where it cannot better it", async () => {
    const input = stripes.input({ fineTune: { unfreeze: 'all', epochs: 2 } })
    input.start.validationLoss = 0
    const result = await fineTune(input)
    expect(input.recorded.epochs).toHaveLength(2)
    expect(result).toMatchObject({ best: input.start, head: input.head, epochsDone: 2 })
    expect(result.tensors.size).toBe(0)
  })

  it('gives the last epoch where the configuration says so', async () => {
    const input = stripes.input({ fineTune: { epochs: 2 } })
    input.start.validationLoss = 0
    input.config.earlyStopping.restoreBest = false
    const result = await fineTune(input)
    expect(result.best.epoch).toBe(2)
    expect(result.tensors.size).toBeGreaterThan(0)
  })

  it('stops waiting when no epoch is better for as long as patience says', async () => {
    const input = stripes.input()
    input.start.validationLoss = 0
    input.config.earlyStopping = { enabled: true, patience: 2, restoreBest: true }
    expect((await fineTune(input)).epochsDone).toBe(2)
  })

  it('stops after the step in which it is told to, and keeps the best so far', async () => {
    const stop = new AbortController()
    const input = stripes.input({ signal: stop.signal })
    const { onStep } = input.reporter
    input.reporter.onStep = (report) => {
      onStep(report)
      if (report.step === 9) stop.abort()
    }
    const result = await fineTune(input)
    expect(input.recorded.steps).toHaveLength(9)
    expect(result).toMatchObject({ stopped: true, epochsDone: input.recorded.epochs.length })
    expect(result.best.epoch).toBeLessThanOrEqual(result.epochsDone)
  })

  it('is the same for the same seed, and another for another', async () => {
    const losses = async (seed: number): Promise<number[]> => {
      const input = stripes.input({ fineTune: { epochs: 2 } })
      input.config.seed = seed
      await fineTune(input)
      return input.recorded.steps.map(({ loss }) => loss)
    }
    const [first, again, other] = [await losses(3), await losses(3), await losses(4)]
    expect(largestDifference(first!, again!)).toBeLessThan(1e-4)
    expect(largestDifference(first!, other!)).toBeGreaterThan(1e-3)
  })

  it('says so when the loss is no number any more', async () => {
    const head = { kernel: new Float32Array(FEATURES * 2).fill(3e38), bias: new Float32Array(2), classes: 2 }
    const input = stripes.input({ head })
    await expect(fineTune(input)).rejects.toMatchObject({ code: 'run/diverged' })
  })

  it('leaves out an image that cannot be read, tells of it once, and goes on', async () => {
    const gone = { ...stripes.images[1]!, id: 999, path: 'across/gone.png' }
    const input = stripes.input({ images: [...stripes.images, gone], fineTune: { epochs: 2 } })
    expect((await fineTune(input)).epochsDone).toBe(2)
    expect(input.recorded.unreadable).toEqual(['across/gone.png'])
  })

  it('leaves no tensor behind', async () => {
    await fineTune(stripes.input({ fineTune: { epochs: 1 } }))
    const ops = new NativeOps(tf)
    const before = { tensors: tf.memory().numTensors, handles: ops.liveHandles }
    const perStep: number[] = []
    const input = stripes.input({ fineTune: { epochs: 7 } })
    input.reporter.onStep = () => perStep.push(tf.memory().numTensors)
    await fineTune(input)
    expect(perStep.length).toBeGreaterThanOrEqual(20)
    // Constants for the shapes of the smaller last batch come in the first epoch.
    expect(new Set(perStep.slice(perStep.length - 15)).size).toBe(1)
    expect({ tensors: tf.memory().numTensors, handles: ops.liveHandles }).toEqual(before)
  })
})

describe('the embedded backbone', () => {
  it('computes in its training form what ONNX Runtime computes', async () => {
    const { features } = await loadEmbedded()
    const { suffix } = splitAtBlock(features, listBlocks(features).at(-3)!.name)
    const node = suffix.nodes[0] as { height: number; width: number; channels: number }
    const size = node.height * node.width * node.channels
    const x = randomInput(2 * size)
    const frozen = await stripes.executor.load(suffix)
    const pooled = await frozen.run(x, 2)
    const ops = new NativeOps(tf)
    // A head that hands the features on.
    const width = pooled.length / 2
    const identity = new Float32Array(width * width)
    for (let index = 0; index < width; index++) identity[index * width + index] = 1
    const head = { kernel: identity, bias: new Float32Array(width), classes: width }
    const network = new TrainableNetwork(ops, suffix, head)
    const input = tf.tensor4d(x, [2, node.height, node.width, node.channels])
    expect(largestDifference(network.predict(input), pooled)).toBeLessThan(1e-4)
    for (const resource of [input, network, ops]) resource.dispose()
    await frozen.dispose()
  })
})

async function validationProbabilities(
  merged: typeof graph,
  head: { kernel: Float32Array; bias: Float32Array; classes: number }
): Promise<number[]> {
  const frozen = await stripes.executor.load(merged)
  const rows: number[] = []
  for (const { path } of stripes.images.filter(({ split }) => split === 'validation')) {
    const features = await frozen.run(await applyContract(join(stripes.root, path), stripes.input().contract), 1)
    const logits = Array.from(head.bias, (bias, c) =>
      features.reduce((sum, value, index) => sum + value * head.kernel[index * head.classes + c]!, bias)
    )
    const powers = logits.map(Math.exp)
    rows.push(...powers.map((power) => power / powers.reduce((sum, other) => sum + other, 0)))
  }
  await frozen.dispose()
  return rows
}
