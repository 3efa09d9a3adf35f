import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLayersModel } from '../../../main/engine/backbones/readers/layers-model'
import { interpret } from '../../../main/engine/backbones/reference'
import { fromHalf } from '../../../shared/formats/half'

let root: string
let count = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'layers-model-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

type LayerJson = { class_name: string; config: Record<string, unknown>; inbound_nodes?: unknown[] }
interface WeightJson {
  name: string
  shape: number[]
  bytes: Uint8Array
  dtype?: string
  quantization?: Record<string, unknown>
}

const layer = (class_name: string, name: string, config: Record<string, unknown>, ...inputs: string[]): LayerJson => ({
  class_name,
  config: { name, ...config },
  inbound_nodes: inputs.length > 0 ? [inputs.map((input) => [input, 0, 0, {}])] : []
})
const input = layer('InputLayer', 'image', { batch_input_shape: [null, 2, 2, 1] })
const convolution = { strides: [1, 1], padding: 'same', dilation_rate: [1, 1], use_bias: false, activation: 'linear' }
const conv = layer('Conv2D', 'conv', convolution, 'image')
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
const kernel: WeightJson = { name: 'conv/kernel', shape: [1, 1, 1, 2], bytes: floats(2, -3) }

/** Writes a model folder; the weights lie in one shard. */
async function folder(
  layers: LayerJson[],
  weights: WeightJson[],
  changes: Record<string, unknown> = {}
): Promise<string> {
  const directory = join(root, String(count++))
  await mkdir(directory)
  await writeFile(join(directory, 'weights.bin'), Buffer.concat(weights.map(({ bytes }) => bytes)))
  const last = layers.at(-1)!.config['name']
  const model = {
    format: 'layers-model',
    modelTopology: {
      class_name: 'Model',
      config: { name: 'small', layers, input_layers: [['image', 0, 0]], output_layers: [[last, 0, 0]] }
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: weights.map(({ name, shape, dtype = 'float32', quantization }) => ({
          name,
          shape,
          dtype,
          quantization
        }))
      }
    ],
    ...changes
  }
  await writeFile(join(directory, 'model.json'), JSON.stringify(model))
  return directory
}

const failure = async (directory: Promise<string>): Promise<{ code: string; message: string }> =>
  readLayersModel(await directory).then(
    () => ({ code: 'none', message: '' }),
    (error: { code: string; message: string }) => error
  )

describe('half precision', () => {
  it('reads ones, fractions, subnormals and infinities', () => {
    const table = { 0x3c00: 1, 0xc000: -2, 0x3555: 0.333251953125, 0x0001: 2 ** -24, 0x7bff: 65504, 0xfc00: -Infinity }
    for (const [bits, value] of Object.entries(table)) expect(fromHalf(Number(bits))).toBe(value)
    expect(fromHalf(0x7e00)).toBeNaN()
  })
})

describe('a LayersModel folder', () => {
  it('becomes a graph that computes what the layers say', async () => {
    const graph = await readLayersModel(
      await folder(
        [
          input,
          conv,
          layer('BatchNormalization', 'bn', { epsilon: 0, scale: false, center: true }, 'conv'),
          layer('ReLU', 'act', { max_value: 6 }, 'bn'),
          layer('GlobalAveragePooling2D', 'pool', {}, 'act'),
          layer('Dropout', 'drop', { rate: 0.2 }, 'pool'),
          layer('Dense', 'top', { units: 1, use_bias: true, activation: 'relu' }, 'drop')
        ],
        [
          kernel,
          { name: 'bn/beta', shape: [2], bytes: floats(1, 0) },
          { name: 'bn/moving_mean', shape: [2], bytes: floats(0, 0) },
          { name: 'bn/moving_variance', shape: [2], bytes: floats(1, 4) },
          { name: 'top/kernel', shape: [2, 1], bytes: floats(1, 1) },
          { name: 'top/bias', shape: [1], bytes: floats(-1) }
        ]
      )
    )
    // Channel 0: relu6(2x + 1), channel 1: relu6(−1.5x); their means, summed, less one, through the dense layer's own relu.
    const mean = (3 + 5 + 6 + 0) / 4 + (0 + 0 + 0 + 1.5) / 4
    expect([...interpret(graph, Float32Array.of(1, 2, 3, -1))]).toEqual([mean - 1])
  })

  it.each([
    ['float16', new Uint8Array(Uint16Array.of(0x4000, 0xc200).buffer), { dtype: 'float16' }],
    ['uint8', Uint8Array.of(5, 0), { dtype: 'uint8', scale: 1, min: -3 }],
    ['uint16', new Uint8Array(Uint16Array.of(10, 0).buffer), { dtype: 'uint16', scale: 0.5, min: -3 }]
  ])('is read from %s', async (_type, bytes, quantization) => {
    const graph = await readLayersModel(await folder([input, conv], [{ ...kernel, bytes, quantization }]))
    expect([...graph.weights.get('conv/kernel')!.data]).toEqual([2, -3])
  })

  it('is read where a weight begins at an odd byte', async () => {
    const odd: WeightJson = {
      name: 'unused',
      shape: [1],
      bytes: Uint8Array.of(7),
      quantization: { dtype: 'uint8', scale: 1, min: 0 }
    }
    const graph = await readLayersModel(await folder([input, conv], [odd, kernel]))
    expect([...graph.weights.get('conv/kernel')!.data]).toEqual([2, -3])
  })

  it('may be Sequential, its input in the first layer', async () => {
    const first = { class_name: 'Conv2D', config: { ...conv.config, batch_input_shape: [null, 2, 2, 1] } }
    const second = { class_name: 'Activation', config: { name: 'act', activation: 'relu' } }
    const topology = { class_name: 'Sequential', config: { name: 'row', layers: [first, second] } }
    const graph = await readLayersModel(await folder([first], [kernel], { modelTopology: topology }))
    expect(graph.nodes.map(({ name }) => name)).toEqual(['conv_input', 'conv', 'act'])
    expect([...interpret(graph, Float32Array.of(1, 0, 0, -1))]).toEqual([2, 0, 0, 0, 0, 0, 0, 3])
  })
})

describe('a damaged or unknown model is refused with its reason', () => {
  it('no model.json', async () => {
    expect(await failure(Promise.resolve(join(root, 'absent')))).toMatchObject({ code: 'backbone/not-found' })
  })

  it('a shard cut short', async () => {
    const directory = await folder([input, conv], [kernel])
    await truncate(join(directory, 'weights.bin'), 5)
    const error = await failure(Promise.resolve(directory))
    expect(error).toMatchObject({ code: 'backbone/corrupt' })
    expect(error.message).toContain("'conv/kernel'")
  })

  it('a shard that is not there, or that lies elsewhere', async () => {
    const manifest = (path: string): object => ({
      weightsManifest: [{ paths: [path], weights: [{ name: 'conv/kernel', shape: [1, 1, 1, 2], dtype: 'float32' }] }]
    })
    const absent = await failure(folder([input, conv], [kernel], manifest('other.bin') as Record<string, unknown>))
    expect(absent).toMatchObject({ code: 'backbone/corrupt' })
    expect(absent.message).toContain("'other.bin'")
    const outside = await failure(
      folder([input, conv], [kernel], manifest('../0/weights.bin') as Record<string, unknown>)
    )
    expect(outside.message).toContain('outside')
  })

  it.each([
    [
      'bytes that no weight wants',
      [input, conv],
      [{ ...kernel, bytes: floats(1, 2, 3) }],
      'backbone/corrupt',
      '12 bytes'
    ],
    ['a weight that is missing', [input, conv], [], 'backbone/corrupt', "'conv/kernel'"],
    ['a weight of another type', [input, conv], [{ ...kernel, dtype: 'int32' }], 'backbone/corrupt', 'int32'],
    [
      'a weight of another shape',
      [input, conv],
      [{ ...kernel, shape: [1, 1, 2, 1] }],
      'backbone/corrupt',
      'where [1,1,1,1] is needed'
    ],
    [
      'an unknown layer',
      [input, layer('LSTM', 'memory', {}, 'image')],
      [],
      'backbone/unsupported-layer',
      "'memory' (LSTM)"
    ],
    [
      'an unknown activation',
      [input, layer('Activation', 'act', { activation: 'snake' }, 'image')],
      [],
      'backbone/unsupported-layer',
      'snake'
    ],
    [
      'channels first',
      [input, layer('Conv2D', 'conv', { ...convolution, data_format: 'channels_first' }, 'image')],
      [kernel],
      'backbone/unsupported-layer',
      'data_format'
    ]
  ])('%s', async (_what, layers, weights, code, words) => {
    const error = await failure(folder(layers as LayerJson[], weights as WeightJson[]))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
  })

  it('a layer used twice, and text that is no model', async () => {
    const twice = { ...conv, inbound_nodes: [[['image', 0, 0, {}]], [['image', 0, 0, {}]]] }
    expect(await failure(folder([input, twice], [kernel]))).toMatchObject({ code: 'backbone/unsupported-layer' })
    const directory = await folder([input, conv], [kernel])
    await writeFile(join(directory, 'model.json'), '{"modelTopology": 3')
    expect(await failure(Promise.resolve(directory))).toMatchObject({ code: 'backbone/corrupt' })
    await writeFile(join(directory, 'model.json'), '{"modelTopology": 3}')
    expect(await failure(Promise.resolve(directory))).toMatchObject({ code: 'backbone/corrupt' })
  })
})
