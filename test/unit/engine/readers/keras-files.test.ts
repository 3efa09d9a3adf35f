import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { interpret } from '../../../../main/engine/backbones/reference'
import { readH5 } from '../../../../main/engine/backbones/readers/h5/read-h5'
import { lengthOfH5 } from '../../../../main/engine/backbones/readers/h5/superblock'
import { detectAndRead } from '../../../../main/engine/backbones/readers/index'
import { layerTensors } from '../../../../main/engine/backbones/readers/keras-weights-file'
import { largestDifference } from '../../../fixtures/graphs'

const models = join(import.meta.dirname, '../../../fixtures/models')
type Answers = Record<string, { input: number[]; output: number[] }> & { 'plain-weights': Record<string, number[]> }
const answers = JSON.parse(readFileSync(join(models, 'answers.json'), 'utf8')) as Answers

describe('what Keras and its converter wrote computes what Keras computed', () => {
  it.each([
    ['every-layer.keras', 'Keras archive (.keras), Keras 3.15.1'],
    ['every-layer.h5', 'Keras HDF5 (.h5), Keras 3.15.1'],
    ['transfer.keras', 'Keras archive (.keras), Keras 3.15.1'],
    ['transfer.h5', 'Keras HDF5 (.h5), Keras 3.15.1'],
    ['tfjs-layers', 'TF.js LayersModel'],
    ['tfjs-layers-uint8', 'TF.js LayersModel'],
    ['tfjs-graph', 'TF.js GraphModel'],
    ['tfjs-graph-hard-swish', 'TF.js GraphModel']
  ])('%s', async (name, sourceFormat) => {
    const model = await detectAndRead(join(models, name))
    expect(model.sourceFormat).toBe(sourceFormat)
    const { input, output } = answers[name]!
    const result = interpret(model.graph!, Float32Array.from(input))
    expect(result.length).toBe(output.length)
    expect(largestDifference(result, Float32Array.from(output))).toBeLessThanOrEqual(1e-5)
  })
})

describe('what a reader keeps', () => {
  it("the layers' names, those of models inside too", async () => {
    const { graph, notes } = await detectAndRead(join(models, 'transfer.keras'))
    expect(graph!.nodes.map(({ name }) => name)).toEqual([
      expect.stringContaining('input_layer'),
      'Conv1',
      'bn_Conv1',
      'Conv1_relu',
      expect.stringContaining('flatten'),
      'top'
    ])
    expect(notes).toEqual([])
  })

  it('a note of what was left out', async () => {
    const { notes } = await detectAndRead(join(models, 'every-layer.h5'))
    expect(notes).toEqual(["Layer 'flip' (RandomFlip) works in training only, and was left out."])
  })

  it('hard swish of a frozen graph as one function, its convolutions with their biases', async () => {
    const { graph } = await detectAndRead(join(models, 'tfjs-graph-hard-swish'))
    const kinds = graph!.nodes.flatMap((node) => (node.op === 'activation' ? [node.kind] : []))
    expect(kinds).toContain('hardSwish')
    const convolutions = graph!.nodes.filter((node) => node.op === 'conv2d')
    expect(convolutions.length).toBe(2)
    expect(convolutions.every(({ bias }) => bias !== null)).toBe(true)
  })
})

describe('weights without a model', () => {
  const weights = answers['plain-weights']

  it.each(['plain.weights.h5', 'plain-classic-weights.h5'])('%s: every variable under its name', async (name) => {
    const tensors = layerTensors(await readH5(readFileSync(join(models, name)), name))
    const read: Record<string, number[]> = {}
    for (const { name: key, floats } of tensors) read[key.replace('depthwise_kernel', 'kernel')] = [...(await floats())]
    expect(read).toEqual(weights)
  })

  it('that fit no architecture are refused', async () => {
    await expect(detectAndRead(join(models, 'plain.weights.h5'))).rejects.toMatchObject({ code: 'backbone/incomplete' })
  })
})

describe('a damaged file', () => {
  const name = 'plain.weights.h5'
  const sound = readFileSync(join(models, name))

  it('that has the HDF5 library go round for ever is given up, and the next is read', async () => {
    const damaged = Buffer.from(sound)
    // The length of a string in the heap that the attributes lie in: after one of no length the library does not move on.
    const length = damaged.indexOf(Buffer.from('\x03\0\0\0\0\0\0\0top\0'))
    expect(length).toBeGreaterThan(0)
    damaged[length] = 0
    await expect(readH5(damaged, name)).rejects.toMatchObject({
      code: 'backbone/corrupt',
      message: expect.stringContaining('takes too long') as string
    })
    expect((await readH5(sound, name)).tensors.size).toBeGreaterThan(0)
  }, 60_000)

  it('with a string of absurd length is refused before memory is filled for it', async () => {
    const file = 'transfer.h5'
    const damaged = readFileSync(join(models, file))
    // The first of 'weight_names': its length, and where in the heap it lies.
    const length = damaged.indexOf(Buffer.from([12, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]))
    expect(length).toBeGreaterThan(0)
    damaged.writeUInt32LE(0x60000000, length)
    const before = process.resourceUsage().maxRSS
    await expect(readH5(damaged, file)).rejects.toMatchObject({ code: 'backbone/corrupt' })
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(1e6)
  }, 60_000)

  it('that is cut short, at any place, is refused', async () => {
    for (const part of [0, 0.001, 0.01, 0.5, 0.99]) {
      const cut = sound.subarray(0, Math.floor(part * sound.length))
      await expect(readH5(cut, name), `${part}`).rejects.toMatchObject({ code: 'backbone/corrupt' })
    }
    await expect(readH5(sound.subarray(0, 20_000), name)).rejects.toThrow(
      `${name} is cut short: it says that it has 49,672 bytes, and has 20,000.`
    )
  })

  it.each(['transfer.h5', 'plain-classic-weights.h5', 'plain.weights.h5', 'every-layer.h5'])(
    '%s says how long it is',
    (file) => {
      const bytes = readFileSync(join(models, file))
      expect(lengthOfH5(bytes)).toBe(bytes.length)
    }
  )

  it('of a version that is not known, or none at all, says nothing of its length', () => {
    const changed = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(sound)
      bytes[at] = value
      return bytes
    }
    expect(lengthOfH5(changed(0, 0))).toBeNull()
    expect(lengthOfH5(changed(8, 9))).toBeNull()
    expect(lengthOfH5(changed(13, 4))).toBeNull()
    expect(lengthOfH5(sound.subarray(0, 44))).toBeNull()
  })

  it('of the later versions says it elsewhere', () => {
    const bytes = Buffer.alloc(48)
    sound.copy(bytes, 0, 0, 8)
    bytes.set([2, 8, 8], 8)
    bytes.writeBigUInt64LE(1234n, 28)
    expect(lengthOfH5(bytes)).toBe(1234)
  })
})
