import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Header } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertTrainable, atInputSize, hashFiles, loadBackbone } from '../../../main/engine/backbones/load-backbone'
import { ProtoMessage } from '@shared/formats/protobuf/writer'
import { folderFiles } from '../../../main/engine/backbones/readers/saved-model/model-files'
import { readSavedModel } from '../../../main/engine/backbones/readers/saved-model/read-saved-model'
import { tarFiles } from '../../../main/engine/backbones/readers/saved-model/tar-files'
import { readCheckpoint } from '../../../main/engine/backbones/readers/saved-model/tensor-bundle'
import { namedVariables } from '../../../main/engine/backbones/readers/saved-model/variables'
import { parseSavedModel } from '../../../main/engine/backbones/readers/saved-model/saved-model-proto'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import type { Executor } from '../../../main/engine/executors/executor'
import { createTensorFlowExecutor } from '../../../main/engine/executors/tensorflow'
import { FOREIGN_MODELS, openAsIs, readFloats, tarOf } from '../../fixtures/foreign-models'
import { largestDifference } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'

let executor: Executor
let scratch: string
let picture: Float32Array
let answer: Float32Array

beforeAll(async () => {
  executor = createTensorFlowExecutor({ runtime: await ensureTestRuntime(), threads: 2 })
  scratch = await mkdtemp(join(tmpdir(), 'saved-model-'))
  picture = await readFloats('picture.f32')
  answer = await readFloats('answer.f32')
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe.each(['keras-export', 'tf-save'])('the SavedModel of %s', (name) => {
  const folder = join(FOREIGN_MODELS, name)

  it('runs as it is, and gives what Keras gave', async () => {
    const model = await readSavedModel(folder)
    expect(model).toMatchObject({ graph: null, architecture: null, suggestedName: name })
    expect(model.opaque!.ports).toMatchObject({ signature: 'serving_default', layout: 'NHWC', size: 16 })
    const network = await openAsIs(model, executor, { size: 16 })
    expect(network).toMatchObject({ inputShape: [16, 16, 3], outputShape: [5] })
    const two = new Float32Array(2 * picture.length)
    two.set(picture, picture.length)
    const found = await network.run(two, 2)
    expect(largestDifference(found.subarray(5), answer)).toBeLessThan(1e-5)
    expect(largestDifference(found.subarray(0, 5), answer)).toBeGreaterThan(1e-3)
    await network.dispose()
  })

  it('has the variables that its layers have', async () => {
    const files = await folderFiles(folder)
    const [graph] = parseSavedModel(await files.read('saved_model.pb'))
    const variables = await namedVariables(await readCheckpoint(files, 'variables/variables'), graph!.objects)
    expect(Object.fromEntries(variables.map(({ name, shape }) => [name, shape]))).toEqual({
      'conv/kernel': [3, 3, 3, 4],
      'bn/gamma': [4],
      'bn/beta': [4],
      'bn/moving_mean': [4],
      'bn/moving_variance': [4],
      'dw/kernel': [3, 3, 4, 1],
      'scores/kernel': [4, 5],
      'scores/bias': [5]
    })
    const kernel = await variables.find((variable) => variable.name === 'scores/kernel')!.floats()
    expect(kernel[0]).toBeCloseTo(0.4737122, 6)
  })
})

describe('a SavedModel as a backbone', () => {
  it('opens as a network of features, and says that it cannot be fine-tuned', async () => {
    const folder = join(scratch, 'backbones', 'tiny')
    await cp(join(FOREIGN_MODELS, 'keras-export'), join(folder, 'saved_model'), { recursive: true })
    const description = {
      id: 'tiny',
      name: 'Tiny',
      family: 'Test',
      form: 'saved-model',
      trainable: false,
      parameters: null,
      multiplyAdds: null,
      bytes: 1,
      featureWidth: 5,
      contract: {
        size: 16,
        colorOrder: 'RGB',
        mean: [0, 0, 0],
        std: [255, 255, 255],
        filter: 'bilinear',
        crop: 'squash',
        cropFraction: 1
      },
      license: 'MIT',
      source: 'random',
      blocks: [],
      weightsHash: await hashFiles(join(folder, 'saved_model')),
      ports: { signature: 'serving_default', input: 'picture', output: 'output_0', layout: 'NHWC', size: 16 }
    }
    const write = (changes: object): Promise<void> =>
      writeFile(join(folder, 'backbone.json'), JSON.stringify({ ...description, ...changes }))
    const load = () => loadBackbone([join(scratch, 'nowhere'), join(scratch, 'backbones')], 'tiny')
    await write({})
    const backbone = await load()
    expect(backbone).toMatchObject({ graph: null, features: null })
    const network = await backbone.openFeatures(executor, 'stream')
    expect(largestDifference(await network.run(picture, 1), answer)).toBeLessThan(1e-5)
    await network.dispose()
    expect(() => assertTrainable(backbone)).toThrow(expect.objectContaining({ code: 'backbone/not-trainable' }))
    expect(() => atInputSize(backbone, 24)).toThrow('16 × 16')
    const onnx = await createOnnxRuntimeExecutor({ threads: 1 })
    await expect(backbone.openFeatures(onnx)).rejects.toMatchObject({ code: 'device/no-executor' })
    await write({ weightsHash: 'another' })
    await expect(load()).rejects.toMatchObject({ code: 'backbone/corrupt' })
    await write({ ports: null })
    await expect(load()).rejects.toMatchObject({ code: 'backbone/corrupt' })
  })
})

describe('an archive', () => {
  const files = ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001']
  const entries = (): Promise<[string, Uint8Array][]> =>
    Promise.all(
      files.map(
        async (name) => [`./model/${name}`, await readFile(join(FOREIGN_MODELS, 'keras-export', name))] as const
      )
    ) as never
  const write = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(scratch, name)
    await writeFile(path, bytes)
    return path
  }

  it('is read without being unpacked, and its model runs', async () => {
    const path = await write('mini-model.tar.gz', await tarOf([...(await entries()), ['./model/notes.txt', 'x']]))
    const before = await readdir(scratch)
    const model = await readSavedModel(path)
    expect(model.suggestedName).toBe('mini-model')
    expect(model.opaque!.files.map((file) => file.path).sort()).toEqual(
      files.map((name) => `saved_model/${name}`).sort()
    )
    const network = await openAsIs(model, executor, { size: 16 })
    expect(largestDifference(await network.run(picture, 1), answer)).toBeLessThan(1e-5)
    await network.dispose()
    expect(await readdir(scratch)).toEqual(before)
  })

  it('gives every variable the values that the folder gives it, wherever they begin', async () => {
    const archive = await tarFiles(await write('values.tar.gz', await tarOf(await entries())))
    const folder = await folderFiles(join(FOREIGN_MODELS, 'keras-export'))
    const [variables, expected] = await Promise.all(
      [archive, folder].map(async (source) => namedVariables(await readCheckpoint(source, 'variables/variables'), []))
    )
    expect(variables!.map(({ name }) => name)).toEqual(expected!.map(({ name }) => name))
    expect(variables!.length).toBeGreaterThanOrEqual(8)
    for (const [index, variable] of variables!.entries()) {
      const values = await variable.floats()
      expect(values).toHaveLength(variable.shape.reduce((product, side) => product * side, 1))
      expect(values).toEqual(await expected![index]!.floats())
    }
  })

  it.each([
    ['climbs out', { name: '../../outside.txt' }, 'leads outside'],
    ['is absolute', { name: '/outside.txt' }, 'leads outside'],
    ['names a drive', { name: 'C:\\outside.txt' }, 'leads outside'],
    ['is a link', { name: 'variables', type: 'symlink', linkname: '/etc' }, 'is a link']
  ] as [string, Header, string][])('with an entry that %s is refused', async (_what, header, message) => {
    const path = await write('bad.tar.gz', await tarOf([[{ ...header }, ''], ...(await entries())]))
    await expect(readSavedModel(path)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    await expect(readSavedModel(path)).rejects.toThrow(message)
  })

  it('that swells, or has too many entries, is refused', async () => {
    const path = await write('bomb.tar.gz', await tarOf([['zeros', new Uint8Array(5_000_000)], ...(await entries())]))
    await expect(tarFiles(path, { bytes: 1_000_000, entries: 10 })).rejects.toThrow('larger than 1000000 bytes')
    await expect(tarFiles(path, { bytes: 10_000_000, entries: 3 })).rejects.toThrow('more than 3 entries')
  })

  it('that is cut short is refused', async () => {
    const whole = await tarOf(await entries())
    const path = await write('short.tar.gz', whole.subarray(0, whole.length / 2))
    await expect(readSavedModel(path)).rejects.toMatchObject({ code: 'backbone/corrupt' })
  })
})

describe('what is damaged or dangerous', () => {
  const copy = async (name: string): Promise<string> => {
    const folder = join(scratch, name)
    await cp(join(FOREIGN_MODELS, 'tf-save'), folder, { recursive: true })
    return folder
  }
  const change = async (file: string, edit: (bytes: Buffer) => Uint8Array): Promise<void> =>
    writeFile(file, edit(await readFile(file)))

  it('is found by the checksums of the checkpoint', async () => {
    const folder = await copy('flipped')
    const flip = (bytes: Buffer): Buffer =>
      bytes.fill(bytes[bytes.length >> 1]! ^ 1, bytes.length >> 1, (bytes.length >> 1) + 1)
    await change(join(folder, 'variables/variables.index'), flip)
    await expect(readSavedModel(folder)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    const values = await copy('values')
    await change(join(values, 'variables/variables.data-00000-of-00001'), (bytes) => bytes.fill(7, 0, 8))
    const checkpoint = await readCheckpoint(await folderFiles(values), 'variables/variables')
    const outcomes = await Promise.allSettled(checkpoint.keys.map((key) => checkpoint.tensor(key).bytes()))
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    expect(failed).toHaveLength(1)
    expect(failed[0]).toMatchObject({ reason: { code: 'backbone/corrupt' } })
  })

  it('is told when the model or its data is missing or cut short', async () => {
    const folder = await copy('short')
    await change(join(folder, 'variables/variables.data-00000-of-00001'), (bytes) => bytes.subarray(0, 40))
    await expect(readSavedModel(folder)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    await change(join(folder, 'saved_model.pb'), (bytes) => bytes.subarray(0, 1000))
    await expect(readSavedModel(folder)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    await rm(join(folder, 'saved_model.pb'))
    await expect(readSavedModel(folder)).rejects.toThrow('is not there')
  })

  it('is refused when running it would write files', async () => {
    const folder = join(scratch, 'writes')
    await mkdir(folder)
    const shape = (sides: number[]): ProtoMessage =>
      sides.reduce((message, side) => message.message(2, new ProtoMessage().int(1, side)), new ProtoMessage())
    const tensor = (name: string, sides: number[]): ProtoMessage =>
      new ProtoMessage().string(1, name).int(2, 1).message(3, shape(sides))
    const entry = (key: string, value: ProtoMessage): ProtoMessage =>
      new ProtoMessage().string(1, key).message(2, value)
    const signature = new ProtoMessage()
      .message(1, entry('x', tensor('x:0', [-1, 8, 8, 3])))
      .message(2, entry('y', tensor('call:0', [-1, 4])))
    const calls = new ProtoMessage().message(10, new ProtoMessage().string(1, 'body'))
    const body = new ProtoMessage()
      .message(1, new ProtoMessage().string(1, 'body'))
      .message(3, new ProtoMessage().string(1, 'w').string(2, 'WriteFile'))
    const graph = new ProtoMessage()
      .message(1, new ProtoMessage().string(1, 'x').string(2, 'Placeholder'))
      .message(
        1,
        new ProtoMessage().string(1, 'call').string(2, 'PartitionedCall').string(3, 'x').message(5, entry('f', calls))
      )
      .message(2, new ProtoMessage().message(1, body))
    const meta = new ProtoMessage()
      .message(1, new ProtoMessage().string(4, 'serve'))
      .message(2, graph)
      .message(5, entry('serving_default', signature))
    await writeFile(join(folder, 'saved_model.pb'), new ProtoMessage().int(1, 1).message(2, meta).encode())
    await expect(readSavedModel(folder)).rejects.toMatchObject({
      code: 'backbone/unsupported-layer',
      details: { operations: ['WriteFile'] }
    })
  })
})
