import { createHash } from 'node:crypto'
import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { trainingConfigSchema, type TrainingConfig } from '@shared/domain/training-config'
import { createRandom } from '@shared/random'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { listBlocks, splitAtBlock } from '../../../main/engine/backbones/blocks'
import { loadEmbedded } from '../../fixtures/embedded-backbone'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import type { Executor } from '../../../main/engine/executors/executor'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { fineTune, splitForTraining } from '../../../main/engine/training/finetune'
import { TrainableNetwork } from '../../../main/engine/training/finetune/trainable-network'
import type { EpochReport, FineTuneInput, StepReport } from '../../../main/engine/training/finetune-contract'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'

const graph = tinyBackbone()
const FEATURES = 8
const PER_CLASS = 14
const contract: PreprocessingContract = {
  size: 16,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [64, 64, 64],
  filter: 'bilinear',
  crop: 'squash',
  cropFraction: 1
}

let root: string
let runtime: RuntimeLocation
let tf: TensorFlow
let executor: Executor
const images: LabelledImage[] = []

beforeAll(async () => {
  runtime = await ensureTestRuntime()
  tf = loadTensorFlow(runtime, { threads: 2 })
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
  root = await mkdtemp(join(tmpdir(), 'finetune-'))
  for (const [classIndex, stripes] of ['across', 'down'].entries()) {
    await mkdir(join(root, stripes))
    for (let index = 0; index < PER_CLASS; index++) images.push(await drawStripes(classIndex, stripes, index))
  }
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** Stripes of two random greys, across or down: colour does not tell the classes apart. */
async function drawStripes(classIndex: number, folder: string, index: number): Promise<LabelledImage> {
  const random = createRandom(1000 * classIndex + index)
  const [dark, light, phase] = [random.int(90), 160 + random.int(90), random.int(4)]
  const pixels = Buffer.alloc(16 * 16 * 3)
  for (let place = 0; place < 256; place++) {
    const along = classIndex === 0 ? place >> 4 : place & 15
    pixels.fill((along + phase) & 2 ? dark : light, place * 3, place * 3 + 3)
  }
  const path = `${folder}/${index}.png`
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } }).toFile(join(root, path))
  const id = classIndex * PER_CLASS + index
  const hash = createHash('sha256')
    .update(await readFile(join(root, path)))
    .digest('hex')
  return { id, path, hash, classIndex, split: index % 3 === 0 ? 'validation' : 'train' }
}

interface Recorded {
  steps: StepReport[]
  epochs: EpochReport[]
  unreadable: string[]
}

function inputWith(
  change: Partial<FineTuneInput> & { fineTune?: Partial<TrainingConfig['fineTune']> } = {}
): FineTuneInput & { recorded: Recorded } {
  const recorded: Recorded = { steps: [], epochs: [], unreadable: [] }
  const base = trainingConfigSchema.parse({ mode: 'finetune', seed: 3 })
  const settings = { epochs: 6, batchSize: 6, learningRate: 0.01, unfreeze: 2, dropout: 0.1, warmup: 0.1 }
  const config: TrainingConfig = {
    ...base,
    augmentation: { ...base.augmentation, flip: true, shift: 0.1, zoom: 0.1 },
    fineTune: { ...base.fineTune, ...settings, ...change.fineTune }
  }
  return {
    runtime,
    threads: 2,
    graph,
    blocks: listBlocks(graph),
    head: { kernel: randomInput(FEATURES * 2, 4).map((value) => value * 0.1), bias: new Float32Array(2), classes: 2 },
    start: { epoch: 0, validationLoss: 1.5, validationAccuracy: 0.5 },
    config,
    contract,
    images,
    datasetRoot: root,
    decodedDirectory: null,
    executor,
    reporter: {
      onStart: () => undefined,
      onStep: (report) => recorded.steps.push(report),
      onEpoch: (report) => recorded.epochs.push(report),
      onUnreadable: (image) => recorded.unreadable.push(image.path)
    },
    signal: new AbortController().signal,
    ...change,
    recorded
  }
}

describe('fine-tuning a small backbone', () => {
  it('learns, and gives back the weights of the best epoch', async () => {
    const input = inputWith({ fineTune: { unfreeze: 'all', epochs: 10 } })
    input.config.earlyStopping.enabled = false
    const result = await fineTune(input)
    const { steps, epochs } = input.recorded
    const stepsPerEpoch = Math.ceil(images.filter(({ split }) => split === 'train').length / 6)
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 10 * stepsPerEpoch }, (_, index) => index + 1))
    expect(epochs.at(-1)!.trainLoss!).toBeLessThan(epochs[0]!.trainLoss! * 0.8)
    const best = epochs.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a))
    expect(result.best).toEqual({
      epoch: best.epoch,
      validationLoss: best.validationLoss,
      validationAccuracy: best.validationAccuracy
    })
    expect(result).toMatchObject({ epochsDone: 10, stopped: false })

    // What came back, on the executor for frozen networks, predicts what the best epoch did.
    const merged = { ...graph, weights: new Map([...graph.weights, ...result.tensors]) }
    const probabilities = await validationProbabilities(merged, result.head)
    expect(largestDifference(probabilities, best.validationProbabilities!)).toBeLessThan(1e-4)
  })

  it('changes what is unfrozen and nothing else: no earlier block, no statistic of batch-norm', async () => {
    const before = new Map([...graph.weights].map(([key, { data }]) => [key, data.slice()]))
    const { tensors } = await fineTune(inputWith())
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
    const input = inputWith({ fineTune: { unfreeze: 'all', epochs: 2 } })
    input.start.validationLoss = 0
    const result = await fineTune(input)
    expect(input.recorded.epochs).toHaveLength(2)
    expect(result).toMatchObject({ best: input.start, head: input.head, epochsDone: 2 })
    expect(result.tensors.size).toBe(0)
  })

  it('gives the last epoch where the configuration says so', async () => {
    const input = inputWith({ fineTune: { epochs: 2 } })
    input.start.validationLoss = 0
    input.config.earlyStopping.restoreBest = false
    const result = await fineTune(input)
    expect(result.best.epoch).toBe(2)
    expect(result.tensors.size).toBeGreaterThan(0)
  })

  it('stops waiting when no epoch is better for as long as patience says', async () => {
    const input = inputWith()
    input.start.validationLoss = 0
    input.config.earlyStopping = { enabled: true, patience: 2, restoreBest: true }
    expect((await fineTune(input)).epochsDone).toBe(2)
  })

  it('stops after the step in which it is told to, and keeps the best so far', async () => {
    const stop = new AbortController()
    const input = inputWith({ signal: stop.signal })
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
      const input = inputWith({ fineTune: { epochs: 2 } })
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
    const input = inputWith({ head })
    await expect(fineTune(input)).rejects.toMatchObject({ code: 'run/diverged' })
  })

  it('leaves out an image that cannot be read, tells of it once, and goes on', async () => {
    const gone = { ...images[1]!, id: 999, path: 'across/gone.png' }
    const input = inputWith({ images: [...images, gone], fineTune: { epochs: 2 } })
    expect((await fineTune(input)).epochsDone).toBe(2)
    expect(input.recorded.unreadable).toEqual(['across/gone.png'])
  })

  it('leaves no tensor behind', async () => {
    await fineTune(inputWith({ fineTune: { epochs: 1 } }))
    const ops = new NativeOps(tf)
    const before = { tensors: tf.memory().numTensors, handles: ops.liveHandles }
    const perStep: number[] = []
    const input = inputWith({ fineTune: { epochs: 7 } })
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
    const frozen = await executor.load(suffix)
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
  const { applyContract } = await import('../../../main/engine/data/preprocess')
  const frozen = await executor.load(merged)
  const rows: number[] = []
  for (const { path } of images.filter(({ split }) => split === 'validation')) {
    const features = await frozen.run(await applyContract(join(root, path), contract), 1)
    const logits = Array.from(head.bias, (bias, c) =>
      features.reduce((sum, value, index) => sum + value * head.kernel[index * head.classes + c]!, bias)
    )
    const powers = logits.map(Math.exp)
    rows.push(...powers.map((power) => power / powers.reduce((sum, other) => sum + other, 0)))
  }
  await frozen.dispose()
  return rows
}
