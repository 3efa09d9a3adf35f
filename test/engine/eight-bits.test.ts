import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import { decodeSafetensors } from '@shared/formats/safetensors'
import type { LabelledImage, TrainJob } from '@shared/worker-protocol/train'
import type { LoadedBackbone } from '../../main/engine/backbones/load-backbone'
import { likeness } from '../../main/engine/data/likeness'
import { normalize } from '../../main/engine/data/normalize'
import { loadPixels } from '../../main/engine/data/preprocess'
import { quantizationFor, quantizationKey, type QuantizationInput } from '../../main/engine/data/quantization'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import { loadTrainedNetwork, softmax } from '../../main/engine/inference/trained-network'
import { quantizationBeside } from '../../main/engine/training/frozen-precision'
import { runTraining } from '../../main/engine/training/run-training'
import { EMBEDDED_BACKBONES, loadEmbedded, type LayeredBackbone } from '../fixtures/embedded-backbone'
import { largestDifference } from '../fixtures/graphs'
import { drawPatterns, PATTERNS } from '../fixtures/patterns'
import { ensureTestRuntime } from '../fixtures/runtime'

let home: string
let images: LabelledImage[]
let backbone: LayeredBackbone
let input: QuantizationInput

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eight bits '))
  const root = join(home, 'data')
  images = await drawPatterns(root)
  backbone = await loadEmbedded()
  const executor = await createOnnxRuntimeExecutor({ threads: 2 })
  const { contract } = backbone.info
  input = { images, root, contract, backbone, executor, directory: join(home, 'bounds') }
})

afterAll(() => rm(home, { recursive: true, force: true }))

describe('the bounds of eight bits', () => {
  it('are found on some pictures, and give features like those of float32', async () => {
    const { ranges, likeness: told } = await quantizationFor(input)
    expect(told).toBeGreaterThan(0.95)
    const image = ranges.get(backbone.features.nodes[0]!.name)!
    expect([image.min, image.max]).toEqual([-0.992188, 1])
    const [whole, rounded] = await Promise.all([
      backbone.openFeatures(input.executor, 'stream'),
      backbone.openFeatures(input.executor, 'stream', ranges)
    ])
    const pictures = await Promise.all(
      images.slice(0, 4).map(async ({ path }) => (await loadPixels(join(input.root, path), input.contract)).data)
    )
    const inFull = await whole.runPictures!(pictures, input.contract)
    const inBytes = await rounded.runPictures!(pictures, input.contract)
    expect(inBytes).not.toEqual(inFull)
    const rows = (values: Float32Array) => pictures.map((_, row) => values.subarray(row * 1280, (row + 1) * 1280))
    expect(likeness(rows(inFull), rows(inBytes))).toBeGreaterThan(0.95)
    // What is normalised beside the network is what the caller would have normalised.
    const values = normalize(pictures[0]!, input.contract)
    expect(largestDifference(await rounded.run(values, 1), rows(inBytes)[0]!)).toBe(0)
    await Promise.all([whole.dispose(), rounded.dispose()])
    const single = await backbone.openFeatures(input.executor, 'single', ranges)
    expect(largestDifference(await single.runPictures!(pictures, input.contract), inBytes)).toBeLessThan(1e-5)
    expect(await single.run(values, 1)).toEqual(await single.runPictures!([pictures[0]!], input.contract))
    await single.dispose()
  })

  it('are kept for the dataset, and found anew when their file is damaged', async () => {
    const observe = input.executor.observe!
    let observed = 0
    const executor = {
      ...input.executor,
      observe: (...how: Parameters<typeof observe>) => (observed++, observe(...how))
    }
    const before = await quantizationFor(input)
    const again = await quantizationFor({ ...input, executor, images: [...images].reverse().slice(1) })
    expect(quantizationKey(again)).toBe(quantizationKey(before))
    expect(observed).toBe(0)
    const [file] = await readdir(input.directory)
    await writeFile(join(input.directory, file!), '{"ranges": {')
    expect(quantizationKey(await quantizationFor({ ...input, executor }))).toBe(quantizationKey(before))
    expect(observed).toBe(1)
  })

  it('are refused where they cannot be had, or change too much', async () => {
    const { executor, directory } = input
    const other = { ...input, directory: join(directory, 'other') }
    const silent = { ...executor }
    delete silent.observe
    const refused = { code: 'device/no-int8', details: { key: 'frozenPrecision' } }
    await expect(quantizationFor({ ...other, executor: silent })).rejects.toMatchObject(refused)
    const opaque: LoadedBackbone = { ...backbone, graph: null, features: null }
    await expect(quantizationFor({ ...other, backbone: opaque })).rejects.toMatchObject(refused)
    await expect(quantizationFor({ ...other, root: join(home, 'nowhere') })).rejects.toMatchObject(refused)
    const narrow: typeof executor.observe = async (...how) => {
      const ranges = await executor.observe!(...how)
      return new Map([...ranges].map(([node, range]) => [node, { ...range, max: range.max / 50 }]))
    }
    const coarse = quantizationFor({ ...other, executor: { ...executor, observe: narrow } })
    await expect(coarse).rejects.toMatchObject({ ...refused, message: expect.stringContaining('cosine') as string })
  })
})

describe('a run in eight bits', () => {
  async function train(name: string, changes: (config: TrainingConfig) => void, more: Partial<TrainJob> = {}) {
    const config = presetConfig('default', 'head')
    config.frozenPrecision = 'int8'
    Object.assign(config.head, { epochs: 3, batchSize: 6 })
    changes(config)
    const directory = join(home, 'runs', name)
    const job: TrainJob = {
      runId: name,
      directory,
      backbonesDirectories: [EMBEDDED_BACKBONES],
      featureCacheDirectory: join(home, 'cache'),
      decodedDirectory: null,
      datasetRoot: input.root,
      classes: PATTERNS,
      images,
      config,
      contract: input.contract,
      runtime: null,
      fallback: null,
      threads: 2,
      datasetHash: 'data',
      checkpoints: { directory: join(directory, 'checkpoints'), resume: false, everySeconds: 10 },
      ...more
    }
    const { outcome, features } = await runTraining(job, () => undefined, new AbortController().signal)
    expect(outcome).toBe('completed')
    return { directory, features }
  }

  /** Whether the finished network, loaded from its files, says what the run's own test said. */
  async function predictsAsTested(directory: string): Promise<void> {
    const checkpointFile = join(directory, 'checkpoint.safetensors')
    const model = { runId: 'r', runName: 'r', backboneId: backbone.info.id, classes: PATTERNS, temperature: 1 }
    const { contract, executor, root } = input
    const { network } = await loadTrainedNetwork({ ...model, contract, checkpointFile }, backbone, executor)
    const { tensors } = decodeSafetensors(await readFile(join(directory, 'predictions.safetensors')))
    const probabilities = tensors.get('probabilities')!.data as Float32Array
    const ids = [...tensors.get('imageId')!.data]
    for (const [row, id] of ids.entries()) {
      const { path } = images.find((image) => image.id === id)!
      const logits = await network.run(normalize((await loadPixels(join(root, path), contract)).data, contract), 1)
      const stored = probabilities.subarray(row * PATTERNS.length, (row + 1) * PATTERNS.length)
      expect(largestDifference(softmax(logits), stored)).toBeLessThan(1e-4)
    }
    await network.dispose()
  }

  it('has features of its own, and predicts as it was tested', async () => {
    const plain = await train('plain', (config) => (config.frozenPrecision = 'float32'))
    expect(plain.features).toEqual({ cached: 0, computed: 30 })
    expect(await quantizationBeside(join(plain.directory, 'checkpoint.safetensors'))).toBeNull()
    const { directory, features } = await train('head', () => undefined)
    expect(features).toEqual({ cached: 0, computed: 30 })
    expect(await train('again', () => undefined)).toMatchObject({ features: { cached: 30, computed: 0 } })
    await predictsAsTested(directory)
  })

  it('keeps what stays frozen in eight bits while the last block learns, and afterwards', async () => {
    const runtime = await ensureTestRuntime()
    const finetuned = (config: TrainingConfig): void => {
      config.mode = 'finetune'
      // A head that knows nothing yet, so that some epoch is better than none.
      Object.assign(config.fineTune, { unfreeze: 2, batchSize: 6, learningRate: 0.001, epochs: 3, headFirst: false })
    }
    const { directory } = await train('finetuned', finetuned, { runtime })
    const finished = (await quantizationBeside(join(directory, 'checkpoint.safetensors')))!
    const all = (await quantizationFor({ ...input, directory: join(home, 'cache', 'quantization') })).ranges
    expect(finished.ranges.size).toBeGreaterThan(20)
    expect(finished.ranges.size).toBeLessThan(all.size)
    await predictsAsTested(directory)
  }, 120_000)
})
