import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listBlocks } from '../../../main/engine/backbones/blocks'
import { foldBatchNorm } from '../../../main/engine/backbones/transforms'
import { interpret } from '../../../main/engine/backbones/reference'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { fineTune } from '../../../main/engine/training/finetune'
import { foldForTraining } from '../../../main/engine/training/finetune/fold'
import { layerRates } from '../../../main/engine/training/finetune/layer-rates'
import { mixBatch } from '../../../main/engine/training/finetune/mix'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'
import { FEATURES, openStripes, type Change, type Stripes } from '../../fixtures/stripes'

let stripes: Stripes
let tf: TensorFlow
beforeAll(async () => {
  stripes = await openStripes(1)
  tf = loadTensorFlow(stripes.runtime, { threads: 1 })
})
afterAll(() => stripes.close())

async function run(change: Change) {
  const input = stripes.input(change)
  input.config.earlyStopping.enabled = false
  const result = await fineTune(input)
  return { result, losses: input.recorded.steps.map(({ loss }) => loss), ...input.recorded }
}

describe('gradient accumulation', () => {
  it.each(['adamw', 'sgd'] as const)('takes the steps of the large batch with %s', async (optimizer) => {
    const common = { epochs: 2, optimizer, ema: 0, unfreeze: 'all' as const, learningRate: 0.003 }
    const large = await run({ fineTune: { ...common, batchSize: 8 } })
    const small = await run({ fineTune: { ...common, batchSize: 4, accumulate: 2 } })
    expect(small.losses).toHaveLength(large.losses.length)
    expect(largestDifference(small.losses, large.losses)).toBeLessThan(1e-5)
  })

  it('takes those of the large batch with a hidden layer and weighted classes, too', async () => {
    const head = {
      kernel: randomInput(10, 4),
      bias: new Float32Array(2),
      classes: 2,
      hidden: { kernel: randomInput(FEATURES * 5, 5), bias: randomInput(5, 6) }
    }
    const losses = async (batchSize: number, accumulate: number): Promise<number[]> => {
      const input = stripes.input({ head, fineTune: { epochs: 1, batchSize, accumulate } })
      input.config.balance.lossWeights = 'balanced'
      const { head: trained } = await fineTune(input)
      expect(trained.hidden?.kernel).toHaveLength(FEATURES * 5)
      return input.recorded.steps.map(({ loss }) => loss)
    }
    expect(largestDifference(await losses(8, 1), await losses(2, 4))).toBeLessThan(1e-5)
  })
})

describe('batch-norm', () => {
  it('folded computes what frozen does before the first step, and gives back layers that unfold to the same', async () => {
    const still: Change = { augmentation: {}, fineTune: { epochs: 1, unfreeze: 'all', dropout: 0 } }
    const frozen = await run(still)
    const folded = await run({ ...still, fineTune: { ...still.fineTune, batchNorm: 'folded' } })
    expect(folded.losses[0]).toBeCloseTo(frozen.losses[0]!, 5)
    expect([...folded.result.tensors.keys()].some((key) => key.includes('folded'))).toBe(false)
  })

  it('unfolds to a network that computes the same, whatever a norm lacks', () => {
    const graph = new GraphSketch(6, 6, 3)
      .conv('a', [3, 3, 3, 4], { bias: true })
      .batchNorm('an', 4, { center: false })
      .relu('ar')
      .depthwise('b', [3, 3, 4, 2])
      .batchNorm('bn', 8, { center: false, scale: false })
      .conv('c', [1, 1, 8, 5])
      .batchNorm('cn', 5)
      .pool()
      .build()
    graph.weights.get('cn/gamma')!.data[2] = 0
    const { graph: folded, unfold } = foldForTraining(graph)
    const moved = new Map([...folded.weights].map(([key, { data }]) => [key, data.map((value) => value * 1.1 + 0.01)]))
    const put = (into: typeof graph, values: ReadonlyMap<string, Float32Array>): typeof graph => ({
      ...into,
      weights: new Map(
        [...into.weights].map(([key, { shape, data }]) => [key, { shape, data: values.get(key) ?? data }])
      )
    })
    const x = randomInput(6 * 6 * 3)
    const expected = interpret(put(folded, moved), x)
    expect(largestDifference(interpret(put(graph, unfold(moved)), x), expected)).toBeLessThan(1e-4)
    expect(
      largestDifference(interpret(put(graph, unfold(new Map())), x), interpret(foldBatchNorm(graph), x))
    ).toBeLessThan(1e-4)
  })

  it('adapting normalises by the batch and moves the statistics towards it', async () => {
    const adapted = await run({ augmentation: {}, fineTune: { epochs: 3, unfreeze: 'all', batchNorm: 'adapt' } })
    const graph = tinyBackbone()
    const moving = [...graph.weights.keys()].filter((key) => /moving_/.test(key))
    expect([...adapted.result.tensors.keys()].filter((key) => /moving_/.test(key)).sort()).toEqual(moving.sort())
    for (const key of moving) {
      const { data } = adapted.result.tensors.get(key)!
      expect(largestDifference(data, graph.weights.get(key)!.data), key).toBeGreaterThan(1e-3)
      expect(data.every(Number.isFinite)).toBe(true)
    }
  })
})

describe('the average of the weights', () => {
  it('is what is validated and kept', async () => {
    const own = await run({ fineTune: { epochs: 2, ema: 0 } })
    const averaged = await run({ fineTune: { epochs: 2, ema: 0.999 } })
    // The steps are the same: the average stands beside them.
    expect(averaged.losses).toEqual(own.losses)
    expect(averaged.epochs[1]!.validationLoss).not.toBe(own.epochs[1]!.validationLoss)
    expect(largestDifference(averaged.result.head.kernel, own.result.head.kernel)).toBeGreaterThan(1e-5)
  })
})

describe('the end', () => {
  it('comes after maxSteps, with a validation of what was reached', async () => {
    const { steps, epochs } = await run({ fineTune: { epochs: 6, maxSteps: 5 } })
    expect(steps).toHaveLength(5)
    expect(epochs).toHaveLength(2)
    expect(steps.at(-1)!.learningRate).toBeLessThan(steps[1]!.learningRate)
  })
})

describe('the frozen part', () => {
  const still: Change = { augmentation: {}, fineTune: { epochs: 3 } }

  it('gives the same whether its answers are kept or computed again', async () => {
    const kept = await run({ ...still, fineTune: { ...still.fineTune, cachePrefix: 'on' } })
    const again = await run({ ...still, fineTune: { ...still.fineTune, cachePrefix: 'off' } })
    expect(largestDifference(kept.losses, again.losses)).toBeLessThan(1e-5)
  })

  it('runs once for each image when they are kept', async () => {
    let images = 0
    const executor = {
      ...stripes.executor,
      load: async (...args: Parameters<typeof stripes.executor.load>) => {
        const network = await stripes.executor.load(...args)
        return {
          ...network,
          runPictures: (...how: Parameters<NonNullable<typeof network.runPictures>>) => {
            images += how[0].length
            return network.runPictures!(...how)
          }
        }
      }
    }
    await run({ ...still, executor })
    expect(images).toBe(stripes.images.length)
    images = 0
    await run({ executor, fineTune: { epochs: 3 } })
    const train = stripes.images.filter(({ split }) => split === 'train').length
    expect(images).toBe(3 * train + (stripes.images.length - train))
  })

  it('cannot be kept where every epoch shows it other pictures', async () => {
    await expect(run({ fineTune: { cachePrefix: 'on' } })).rejects.toMatchObject({
      code: 'config/invalid',
      details: { key: 'fineTune.cachePrefix' }
    })
  })
})

describe('layer-wise rates', () => {
  it('fall by a factor from block to block towards the picture', () => {
    const graph = tinyBackbone()
    const blocks = listBlocks(graph)
    const share = layerRates(graph, blocks, 0.5)
    const last = blocks.at(-1)!.nodes
    expect(last).toContain('head_conv')
    expect(share('head_conv/kernel')).toBe(0.5)
    expect(share('stem_conv/kernel')).toBe(0.5 ** blocks.length)
    expect(layerRates(graph, blocks, 1)('stem_conv/kernel')).toBe(1)
  })

  it('move early blocks less', async () => {
    const { result } = await run({ fineTune: { epochs: 1, unfreeze: 'all', layerDecay: 0.01, weightDecay: 0 } })
    const moved = (key: string): number =>
      largestDifference(result.tensors.get(key)!.data, tinyBackbone().weights.get(key)!.data)
    expect(moved('stem_conv/kernel')).toBeLessThan(moved('head_conv/kernel') / 50)
  })
})

describe('mixing', () => {
  const [images, size] = [5, 8]
  const pictures = (): Float32Array =>
    Float32Array.from({ length: images * size * size * 3 }, (_, i) => Math.floor(i / (size * size * 3)))
  const place = { seed: 1, epoch: 2, batch: 3 }

  it('blends each picture with its partner by the share that mixup draws', () => {
    const values = pictures()
    const { partner, share } = mixBatch(values, size, { mixup: 0.4, cutmix: 0 }, place)
    for (let image = 0; image < images; image++) {
      const expected = share * image + (1 - share) * partner[image]!
      const own = values.subarray(image * size * size * 3, (image + 1) * size * size * 3)
      expect(largestDifference(own, new Float32Array(own.length).fill(expected))).toBeLessThan(1e-6)
    }
  })

  it('cuts one rectangle of the size that the share says', () => {
    const values = pictures()
    const { partner, share } = mixBatch(values, size, { mixup: 0, cutmix: 1 }, place)
    for (let image = 0; image < images; image++) {
      const own = values.subarray(image * size * size * 3, (image + 1) * size * size * 3)
      const kept = own.filter((value) => value === image).length / own.length
      expect(kept).toBeCloseTo(partner[image] === image ? 1 : share, 6)
    }
  })

  it('is the same at the same place, and another elsewhere', () => {
    const at = (batch: number): number =>
      mixBatch(pictures(), size, { mixup: 0.4, cutmix: 0.4 }, { ...place, batch }).share
    expect(at(3)).toBe(at(3))
    expect(new Set([1, 2, 3, 4].map(at)).size).toBe(4)
  })

  it('trains, with the frozen part computed from mixed pictures', async () => {
    const mixed = await run({ augmentation: {}, fineTune: { epochs: 2, mixup: 0.4 } })
    const plain = await run({ augmentation: {}, fineTune: { epochs: 2 } })
    expect(mixed.losses.every(Number.isFinite)).toBe(true)
    expect(largestDifference(mixed.losses, plain.losses)).toBeGreaterThan(1e-3)
  })
})

it('leaves no tensor behind, with every option on', async () => {
  const everything: Change = {
    fineTune: { epochs: 1, accumulate: 2, ema: 0.9, batchNorm: 'adapt', mixup: 0.2, cutmix: 0.2, optimizer: 'rmsprop' }
  }
  await run(everything)
  const before = tf.memory().numTensors
  await run(everything)
  await run({ ...everything, fineTune: { ...everything.fineTune, batchNorm: 'folded' } })
  expect(tf.memory().numTensors).toBe(before)
})
