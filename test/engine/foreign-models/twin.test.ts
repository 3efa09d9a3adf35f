import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures/index'
import { listBlocks } from '../../../main/engine/backbones/blocks'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { importModel } from '../../../main/engine/backbones/importing/import-model'
import { loadBackbone, type LoadedBackbone } from '../../../main/engine/backbones/load-backbone'
import { hashWeights } from '../../../main/engine/backbones/measures'
import { readSavedModel } from '../../../main/engine/backbones/readers/saved-model/read-saved-model'
import { weightKeysOf } from '../../../main/engine/backbones/shapes'
import { checkTwin } from '../../../main/engine/backbones/twin/check-twin'
import { findTwin } from '../../../main/engine/backbones/twin/find-twin'
import { matchWeights } from '../../../main/engine/backbones/twin/match-weights'
import type { SourceTensor } from '../../../main/engine/backbones/twin/source-tensor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { createTensorFlowExecutor } from '../../../main/engine/executors/tensorflow'
import { fineTune } from '../../../main/engine/training/finetune'
import { pythonEnvironment } from '../../bench/contenders'
import { FOREIGN_MODELS, openAsIs } from '../../fixtures/foreign-models'
import { largestDifference } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'
import { openStripes } from '../../fixtures/stripes'

const small = architectureOf('mobilenet-v2-0.35')

/** What a file would hold of a network: its weights under other names. */
function tensorsOf(graph: NetworkGraph, rename: (name: string, index: number) => string): SourceTensor[] {
  return [...graph.weights].map(([name, { shape, data }], index) => ({
    name: rename(name, index),
    shape,
    floats: () => Promise.resolve(data)
  }))
}

/** As TF-Slim named the layers of MobileNetV2. */
function slim(name: string): string {
  const [layer, variable] = name.split('/') as [string, string]
  const leaf = { kernel: 'weights', bias: 'biases', depthwise_kernel: 'depthwise_weights' }[variable] ?? variable
  const place = layer
    .replace(/^bn_Conv1$/, 'Conv/BatchNorm')
    .replace(/^Conv1$/, 'Conv')
    .replace(/^Conv_1_bn$/, 'Conv_1/BatchNorm')
    .replace(/^predictions$/, 'Logits/Conv2d_1c_1x1')
    .replace(/^block_(\d+)_/, 'expanded_conv_$1/')
    .replace(/^expanded_conv_(?=[a-z])/, 'expanded_conv/')
    .replace(/_BN$/, '/BatchNorm')
  return `module/MobilenetV2/${place}/${leaf}`
}

describe('the trainable twin', () => {
  const graph = small.build({ weights: randomWeights(1), classes: 7, size: 96 })
  const hash = hashWeights(graph)

  it('is found by the names of Keras, whatever the model is called', async () => {
    const twin = await findTwin(
      tensorsOf(graph, (name) => `my_model/${name}:0`),
      { size: 96 }
    )
    expect(twin).toMatchObject({ architecture: 'mobilenet-v2-0.35' })
    expect(hashWeights(twin.graph!)).toBe(hash)
    expect(twin.graph!.nodes[0]).toMatchObject({ height: 96 })
  })

  it('is found by the names of modules for TensorFlow 1', async () => {
    expect(slim('block_3_expand_BN/gamma')).toBe('module/MobilenetV2/expanded_conv_3/expand/BatchNorm/gamma')
    const tensors = tensorsOf(graph, slim).map((tensor) =>
      tensor.name.endsWith('1c_1x1/weights') ? { ...tensor, shape: [1, 1, ...tensor.shape] } : tensor
    )
    const twin = await findTwin(tensors, { size: null })
    expect(hashWeights(twin.graph!)).toBe(hash)
    expect(twin.graph!.nodes[0]).toMatchObject({ height: 224 })
    expect(twin.notes.join(' ')).not.toContain('order')
  })

  it('is found by the order of Keras 2, whose paths name kinds but no layers', async () => {
    const layers = new Map<string, number>()
    const number = (layer: string): number => layers.get(layer) ?? (layers.set(layer, layers.size), layers.size - 1)
    const tensors = tensorsOf(graph, (name) => {
      const [layer, variable] = name.split('/')
      return `layer_with_weights-${number(layer!)}/${variable}`
    })
    const twin = await findTwin(tensors, { size: 96 })
    expect(hashWeights(twin.graph!)).toBe(hash)
    expect(twin.notes.join(' ')).toContain('in the order in which they were made')
  })

  it('is found by shapes alone', async () => {
    const twin = await findTwin(
      tensorsOf(graph, (_name, index) => `variables/${index}`),
      { size: 96 }
    )
    expect(hashWeights(twin.graph!)).toBe(hash)
  })

  it('comes without its top from a file that has none', async () => {
    const headless = small.build({ weights: randomWeights(1), classes: null })
    const twin = await findTwin(
      tensorsOf(headless, (name) => name),
      { size: null }
    )
    expect(twin.graph!.output).toBe('global_average_pooling2d')
  })

  it('is refused when tensors are missing, of other shapes, or not finite', async () => {
    const tensors = tensorsOf(graph, (name) => name)
    const without = tensors.filter(({ name }) => !name.startsWith('block_5_project'))
    await expect(matchWeights(small, without)).rejects.toMatchObject({
      code: 'backbone/incomplete',
      details: { missing: expect.arrayContaining(['block_5_project/kernel', 'block_5_project_BN/moving_mean']) }
    })
    const twin = await findTwin(without, { size: null })
    expect(twin).toMatchObject({ graph: null, architecture: null })
    expect(twin.notes[0]).toContain('block_5_project/kernel [1, 1,')
    await expect(matchWeights(architectureOf('mobilenet-v2-1.00'), tensors)).rejects.toMatchObject({
      code: 'backbone/incomplete'
    })
    const broken = tensors.map((tensor, index) =>
      index === 3 ? { ...tensor, floats: async () => new Float32Array(tensor.shape[0]!).fill(NaN) } : tensor
    )
    await expect(matchWeights(small, broken)).rejects.toMatchObject({ code: 'backbone/corrupt' })
  })

  it('is not guessed when two tensors could be meant', async () => {
    const tensors = tensorsOf(graph, (name) => name)
    const double = tensors.find(({ name }) => name === 'Conv1/kernel')!
    await expect(matchWeights(small, [...tensors, { ...double, name: 'other/Conv1/kernel' }])).rejects.toThrow(
      'Conv1/kernel [3, 3, 3, 16]'
    )
  })
})

describe('SavedModels that Keras wrote of MobileNetV2', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keras-twin-'))
  const obstacle = await writeMobileNet(folder)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.skipIf(obstacle)(`can be had${obstacle ? ` where Keras is: ${obstacle}` : ''}`, () => expect(obstacle).toBeNull())

  it.skipIf(obstacle).each(['exported', 'saved'])('answer alike as they are and as their twins: %s', async (kind) => {
    const read = async (name: string): Promise<Float32Array> =>
      new Float32Array(new Uint8Array(await readFile(join(folder, name))).buffer)
    const [picture, answer] = [await read('picture.f32'), await read('answer.f32')]
    const model = await readSavedModel(join(folder, kind))
    expect(model.architecture).toBe('mobilenet-v2-1.00')
    const tensorflow = createTensorFlowExecutor({ runtime: await ensureTestRuntime(), threads: 2 })
    const executor = await createOnnxRuntimeExecutor({ threads: 2 })
    const asIs = await openAsIs(model, tensorflow, { size: 96 })
    const twin = await executor.load(model.graph!)
    const [first, second] = [await asIs.run(picture, 1), await twin.run(picture, 1)]
    // A network that answers everything alike would agree with any other.
    const opposite = picture.map((value) => -value)
    expect(largestDifference(first, await asIs.run(opposite, 1))).toBeGreaterThan(0.1)
    expect(largestDifference(first, answer)).toBeLessThan(1e-4)
    expect(largestDifference(second, answer)).toBeLessThan(1e-4)
    expect(largestDifference(first, second)).toBeLessThan(1e-4)

    const check = await checkTwin(asIs, model.graph!, executor, [-1, 1])
    expect(check).toMatchObject({ passed: true, between: 'the model as it is and its trainable twin' })
    const weights = new Map(model.graph!.weights)
    weights.set('block_9_expand_BN/gamma', weights.get('block_8_expand_BN/gamma')!)
    expect(await checkTwin(asIs, { ...model.graph!, weights }, executor, [-1, 1])).toMatchObject({ passed: false })
    await asIs.dispose()
    await twin.dispose()
  })

  it.skipIf(obstacle)('are imported as twins that can be fine-tuned', async () => {
    const stripes = await openStripes()
    try {
      const { info, features } = await importTwin(join(folder, 'exported'), stripes.runtime)
      expect(info).toMatchObject({ form: 'graph', trainable: true, provenance: { parity: { passed: true } } })
      const before = new Map([...features!.weights].map(([key, { data }]) => [key, data.slice()]))
      const last = listBlocks(features!).slice(-2)
      const input = stripes.input({
        graph: features!,
        contract: info.contract,
        head: { kernel: new Float32Array(1280 * 2), bias: new Float32Array(2), classes: 2 },
        fineTune: { unfreeze: 2, epochs: 4, learningRate: 1e-3, dropout: 0 },
        augmentation: {}
      })
      input.config.earlyStopping = { ...input.config.earlyStopping, enabled: false, restoreBest: false }
      const { tensors } = await fineTune(input)
      const { steps, epochs } = input.recorded
      expect(steps).toHaveLength(12)
      // A head of zeros begins at the logarithm of two.
      expect(steps[0]!.loss).toBeCloseTo(Math.LN2, 1)
      expect(epochs.at(-1)!.trainLoss!).toBeLessThan(epochs.find(({ epoch }) => epoch === 1)!.trainLoss! * 0.5)

      const learning = features!.nodes
        .filter(({ name }) => last.some(({ nodes }) => nodes.includes(name)))
        .flatMap(weightKeysOf)
        .filter((key) => !/moving_/.test(key))
      expect(learning).toContain('Conv_1/kernel')
      expect([...tensors.keys()].sort()).toEqual(learning.sort())
      for (const [key, { data }] of tensors) expect(largestDifference(data, before.get(key)!), key).toBeGreaterThan(0)
      for (const [key, { data }] of features!.weights) expect(largestDifference(data, before.get(key)!), key).toBe(0)
    } finally {
      await stripes.close()
    }
  })

  /** As the program imports one, with both routes compared, and reads it back. */
  async function importTwin(path: string, runtime: RuntimeLocation): Promise<LoadedBackbone> {
    const [directory, scratch] = [join(folder, 'backbones'), join(folder, 'scratch')]
    await Promise.all([directory, scratch].map((place) => mkdir(place)))
    const source = { type: 'file', path, architecture: null, asIs: false } as const
    const job = { source, directory, scratch, name: 'Twin', runtime, threads: 2 }
    const { backboneId } = await importModel(job, () => undefined, new AbortController().signal)
    return loadBackbone([directory], backboneId)
  }
})

/** Null, or why Keras could not do it here. */
async function writeMobileNet(folder: string): Promise<string | null> {
  try {
    const python = await pythonEnvironment('keras')
    await promisify(execFile)(python, [join(FOREIGN_MODELS, 'mobilenet_v2.py'), folder])
    return null
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, 2).join(' ')
  }
}
