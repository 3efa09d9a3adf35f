import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBackbone, type LoadedBackbone } from '../../main/engine/backbones/load-backbone'
import { interpret } from '../../main/engine/backbones/reference'
import { extractFeatures } from '../../main/engine/data/features'
import type { Executor } from '../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import { applyCheckpoint, readCheckpoint } from '../../main/engine/inference/checkpoint'
import { InferSession } from '../../main/engine/inference/infer-session'
import { measureSpeed } from '../../main/engine/inference/measure'
import { predictFolder, predictImage, type FolderPredictions } from '../../main/engine/inference/predict'
import {
  loadTrainedNetwork,
  softmax,
  topGuesses,
  type TrainedNetwork
} from '../../main/engine/inference/trained-network'
import { encodeSafetensors, type SafeTensor } from '../../shared/formats/safetensors'
import { createRandom } from '../../shared/random'
import { applyTemperature } from '@shared/statistics/temperature'
import type { TrainedModel } from '../../shared/worker-protocol/infer'
import { largestDifference, randomInput, tinyBackbone } from '../fixtures/graphs'

const RESOURCES = join(import.meta.dirname, '../../resources')
const BACKBONES = join(RESOURCES, 'backbones')
const CLASSES = ['bird', 'bug', 'fish']

let folder: string
let executor: Executor
let backbone: LoadedBackbone
let model: TrainedModel
let network: TrainedNetwork

const normal = (shape: number[], scale: number, seed: number): SafeTensor => {
  const random = createRandom(seed)
  const length = shape.reduce((product, size) => product * size, 1)
  return { shape, data: Float32Array.from({ length }, () => scale * random.normal()) }
}
const head = (features = 1280): Map<string, SafeTensor> =>
  new Map([
    ['head.kernel', normal([features, 3], 0.2, 1)],
    ['head.bias', normal([3], 0.2, 2)]
  ])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inference-'))
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
  backbone = await loadBackbone([BACKBONES], 'efficientnet-lite0')
  const checkpointFile = join(folder, 'checkpoint.safetensors')
  await writeFile(checkpointFile, encodeSafetensors(head(), { runId: 'r1' }))
  const contract = backbone.info.contract
  model = {
    runId: 'r1',
    runName: 'First',
    backboneId: 'efficientnet-lite0',
    classes: CLASSES,
    contract,
    checkpointFile,
    temperature: 1
  }
  network = await loadTrainedNetwork(model, backbone, executor)
})
afterAll(async () => {
  await network.network.dispose()
  await rm(folder, { recursive: true, force: true })
})

describe('a checkpoint', () => {
  it('puts a head on the backbone, and its changed tensors in place', () => {
    const graph = tinyBackbone()
    const kernel = graph.weights.get('b1_project/kernel')!
    const changed = { shape: kernel.shape, data: kernel.data.map((value) => value * 1.5) }
    const trained = applyCheckpoint(graph, new Map([...head(8), ['backbone/b1_project/kernel', changed]]))
    const input = randomInput(16 * 16 * 3)
    const features = interpret({ ...graph, weights: new Map(graph.weights).set('b1_project/kernel', changed) }, input)
    const [weights, bias] = [head(8).get('head.kernel')!.data, head(8).get('head.bias')!.data]
    const expected = CLASSES.map((_, unit) =>
      features.reduce((sum, value, index) => sum + value * weights[index * 3 + unit]!, bias[unit]!)
    )
    expect(largestDifference(interpret(trained, input), expected)).toBeLessThan(1e-5)
    expect(graph.weights.get('b1_project/kernel')).toBe(kernel)
  })

  it.each([
    ['no head', new Map<string, SafeTensor>(), "'head.kernel'"],
    ['a head for other features', head(7), '[7,3]'],
    ['a tensor of an unknown layer', new Map([...head(8), ['backbone/ghost/kernel', normal([1], 1, 1)]]), 'ghost'],
    [
      'a tensor of another shape',
      new Map([...head(8), ['backbone/stem_bn/beta', normal([5], 1, 1)]]),
      "'stem_bn/beta'"
    ],
    ['a tensor that is none of its own', new Map([...head(8), ['momentum', normal([1], 1, 1)]]), 'momentum']
  ])('is refused with %s', (_what, tensors, words) => {
    expect(() => applyCheckpoint(tinyBackbone(), tensors)).toThrow(words)
    expect(() => applyCheckpoint(tinyBackbone(), tensors)).toThrow(
      expect.objectContaining({ code: 'backbone/corrupt' })
    )
  })

  it('that is not there, is no safetensors file, or has other classes', async () => {
    await expect(readCheckpoint(join(folder, 'absent'))).rejects.toMatchObject({ code: 'run/no-checkpoint' })
    const path = join(folder, 'text.safetensors')
    await writeFile(path, 'this is a text, not a checkpoint')
    await expect(readCheckpoint(path)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    const two = loadTrainedNetwork({ ...model, classes: ['a', 'b'] }, backbone, executor)
    await expect(two).rejects.toThrow('3 outputs for 2 classes')
  })
})

describe('probabilities', () => {
  it('add up to one, for logits of any size', () => {
    expect([...softmax(Float32Array.of(1000, 1000))]).toEqual([0.5, 0.5])
    expect([...softmax(Float32Array.of(0, -1000))]).toEqual([1, 0])
    const top = topGuesses(Float32Array.of(0, Math.log(2), Math.log(5)), { classes: CLASSES, temperature: 1 }, 2)
    expect(top.map(({ label }) => label)).toEqual(['fish', 'bug'])
    expect(top[0]!.probability).toBeCloseTo(5 / 8)
  })

  it('are less sure at a temperature above 1', () => {
    expect([...softmax(Float32Array.of(0, Math.log(9)), 2)]).toEqual([expect.closeTo(0.25), expect.closeTo(0.75)])
    const logits = Float32Array.of(0, 2, 4)
    const scaled = applyTemperature(softmax(logits), 3, 3)
    softmax(logits, 3).forEach((probability, place) => expect(probability).toBeCloseTo(scaled[place]!, 6))
  })
})

describe('predictions', () => {
  let stream: TrainedNetwork
  beforeAll(async () => {
    stream = await loadTrainedNetwork(model, backbone, executor, 'stream')
  })
  afterAll(() => stream.network.dispose())

  const folderParts = async (path: string, signal?: AbortSignal): Promise<FolderPredictions[]> => {
    const parts: FolderPredictions[] = []
    for await (const part of predictFolder(stream, path, signal)) parts.push(part)
    return parts
  }

  it('of an image are those of its features and the head', async () => {
    const path = join(RESOURCES, 'sample/dishes/1f354.png')
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    const { features } = await extractFeatures({
      images: [{ id: 1, path: 'sample/dishes/1f354.png', hash }],
      root: RESOURCES,
      contract: model.contract,
      backbone,
      executor,
      cacheDirectory: join(folder, 'cache')
    })
    const [kernel, bias] = [head().get('head.kernel')!.data, head().get('head.bias')!.data]
    const logits = Float32Array.from(CLASSES, (_, unit) =>
      features.reduce((sum, value, index) => sum + value * kernel[index * 3 + unit]!, bias[unit]!)
    )
    const expected = topGuesses(logits, { classes: CLASSES, temperature: 1 }, 5)
    const { top, file, error, ms } = await predictImage(network, path)
    expect([file, error]).toEqual(['1f354.png', null])
    expect(ms).toBeGreaterThan(0)
    expect(top.map(({ label }) => label)).toEqual(expected.map(({ label }) => label))
    top.forEach(({ probability }, index) => expect(probability).toBeCloseTo(expected[index]!.probability, 4))
  })

  it('of a folder come in parts, the same as one by one, with the files that cannot be read', async () => {
    const pictures = join(folder, 'pictures')
    await mkdir(join(pictures, 'inner "quoted" ü'), { recursive: true })
    const source = join(RESOURCES, 'sample/dishes')
    const codes = ['1f354', '1f355', '1f32d', '1f369', '1f36a', '1f36b', '1f36c', '1f36d', '1f36e', '1f36f']
    for (const [index, code] of codes.entries()) {
      await symlink(join(source, `${code}.png`), join(pictures, `${index}.png`))
      await symlink(join(source, `${code}.png`), join(pictures, 'inner "quoted" ü', `${index}.PNG`))
    }
    await writeFile(join(pictures, 'broken.jpg'), 'a text')
    await writeFile(join(pictures, 'notes.txt'), 'passed over')
    await symlink(pictures, join(pictures, 'loop'))
    const parts = await folderParts(pictures)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.at(-1)).toMatchObject({ done: 21, total: 21 })
    const all = parts.flatMap(({ predictions }) => predictions)
    expect(all).toHaveLength(21)
    expect(all.find(({ file }) => file === 'broken.jpg')).toMatchObject({
      top: [],
      error: { code: 'image/unsupported' }
    })
    const alone = await predictImage(network, join(pictures, '3.png'))
    for (const file of ['3.png', join('inner "quoted" ü', '3.PNG')]) {
      const [best] = all.find((prediction) => prediction.file === file)!.top
      expect(best!.label).toBe(alone.top[0]!.label)
      expect(best!.probability).toBeCloseTo(alone.top[0]!.probability, 4)
    }
  })

  it('are refused for a folder without images, one that is not there, and one picture that is none', async () => {
    await mkdir(join(folder, 'empty'))
    await expect(folderParts(join(folder, 'empty'))).rejects.toMatchObject({ code: 'predict/no-images' })
    await expect(folderParts(join(folder, 'absent'))).rejects.toMatchObject({ code: 'predict/no-images' })
    await expect(predictImage(network, join(folder, 'absent.png'))).rejects.toMatchObject({ code: 'image/not-found' })
  })

  it('of a folder end when they are cancelled', async () => {
    const controller = new AbortController()
    let parts = 0
    const read = async (): Promise<void> => {
      for await (const { done } of predictFolder(network, join(RESOURCES, 'sample/dishes'), controller.signal)) {
        expect(done).toBeGreaterThan(0)
        parts++
        controller.abort()
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'job/cancelled' })
    expect(parts).toBe(1)
  })
})

describe('the session of the infer worker', () => {
  it('keeps a run loaded, changes to another, and forgets one that did not load', async () => {
    const session = new InferSession({ backbonesDirectories: [BACKBONES], runtime: null, threads: 2 })
    const networks: TrainedNetwork[] = []
    const other = { ...model, runId: 'r2', runName: 'Second' }
    for (const wanted of [model, model, other])
      await session.withModel(wanted, async (loaded) => void networks.push(loaded))
    expect(networks[0]).toBe(networks[1])
    expect(networks[2]).not.toBe(networks[0])
    // A folder's network lies beside it.
    await session.withModel(other, async ({ network: { pace } }) => expect(pace?.inFlight).toBeGreaterThan(1), 'stream')
    await session.withModel(other, async (loaded) => expect(loaded).toBe(networks[2]))
    const later = { ...model, checkpointFile: join(folder, 'later.safetensors') }
    await expect(session.withModel(later, async () => undefined)).rejects.toMatchObject({ code: 'run/no-checkpoint' })
    await writeFile(later.checkpointFile, encodeSafetensors(head()))
    expect(await session.withModel(later, async ({ classes }) => classes)).toEqual(CLASSES)
  })

  it('measures a backbone', async () => {
    const speed = await measureSpeed(backbone, executor)
    expect(speed).toMatchObject({ backboneId: 'efficientnet-lite0', executor: 'onnxruntime', device: 'CPU' })
    expect(speed.imagesPerSecond).toBeGreaterThan(0)
    expect(speed.msPerImage).toBeGreaterThan(0)
  })
})
