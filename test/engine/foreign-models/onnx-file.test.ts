import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ProtoMessage } from '@shared/formats/protobuf/writer'
import { readOnnx } from '../../../main/engine/backbones/readers/onnx/read-onnx'
import type { Executor } from '../../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { FOREIGN_MODELS, onnxAnswers, openAsIs } from '../../fixtures/foreign-models'
import { largestDifference } from '../../fixtures/graphs'

let executor: Executor
let scratch: string
let answers: Awaited<ReturnType<typeof onnxAnswers>>

beforeAll(async () => {
  executor = await createOnnxRuntimeExecutor({ threads: 1 })
  scratch = await mkdtemp(join(tmpdir(), 'onnx-file-'))
  answers = await onnxAnswers()
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('a classifier, channels first', () => {
  const path = join(FOREIGN_MODELS, 'classifier.onnx')

  it('gives as features what its layer of class scores reads', async () => {
    const model = await readOnnx(path)
    expect(model.opaque!.ports).toEqual({ signature: null, input: 'image', output: 'flat', layout: 'NCHW', size: 8 })
    expect(model.notes.join(' ')).toContain("'flat'")
    const network = await openAsIs(model, executor, { size: 8 })
    expect(network).toMatchObject({ inputShape: [8, 8, 3], outputShape: [6] })
    const features = await network.run(Float32Array.from([...answers.picture, ...answers.picture]), 2)
    expect([...features.subarray(0, 6)]).toEqual([...features.subarray(6)])
    expect(features.some((value) => value > 0)).toBe(true)
    await network.dispose()
  })

  it('gives what ONNX Runtime gave where its own output is asked for', async () => {
    const network = await openAsIs(await readOnnx(path), executor, { size: 8, output: 'logits' })
    const logits = await network.run(Float32Array.from(answers.picture), 1)
    expect(largestDifference(logits, Float32Array.from(answers.logits))).toBeLessThan(1e-5)
    await network.dispose()
  })

  it('gives the same as a stream, on threads of its own', async () => {
    const model = await readOnnx(path)
    const two = await createOnnxRuntimeExecutor({ threads: 2 })
    const [single, stream] = [
      await openAsIs(model, two, { size: 8 }),
      await openAsIs(model, two, { size: 8, use: 'stream' })
    ]
    expect(single.pace).toBeUndefined()
    expect(stream.pace!.inFlight).toBeGreaterThanOrEqual(2)
    const pictures = [1, -1, 0.5].map((factor) => Float32Array.from(answers.picture, (value) => value * factor))
    const expected = await Promise.all(pictures.map((picture) => single.run(picture, 1)))
    const found = await Promise.all(pictures.map((picture) => stream.run(picture, 1)))
    found.forEach((features, index) => expect(largestDifference(features, expected[index]!)).toBeLessThan(1e-6))
    expect(largestDifference(found[0]!, found[2]!)).toBeGreaterThan(1e-3)
    await Promise.all([single.dispose(), stream.dispose()])
  })

  it('says when an output is not there', async () => {
    const opening = openAsIs(await readOnnx(path), executor, { size: 8, output: 'nothing' })
    await expect(opening).rejects.toMatchObject({ code: 'backbone/corrupt' })
  })
})

describe('an extractor, channels last, two pictures at a time', () => {
  it('takes any number of pictures of any size', async () => {
    const model = await readOnnx(join(FOREIGN_MODELS, 'extractor.onnx'))
    expect(model.opaque!.ports).toMatchObject({ output: 'embedding', layout: 'NHWC', size: null })
    const network = await openAsIs(model, executor, { size: 8 })
    expect(network.outputShape).toEqual([4])
    const picture = Float32Array.from(answers.picture)
    const three = new Float32Array(3 * picture.length)
    three.set(picture, 2 * picture.length)
    const found = await network.run(three, 3)
    expect(found).toHaveLength(12)
    expect(largestDifference(found.subarray(8), Float32Array.from(answers.embedding))).toBeLessThan(1e-5)
    expect([...found.subarray(0, 8)]).toEqual(Array(8).fill(0))
    await network.dispose()
  })
})

const write = async (bytes: Uint8Array): Promise<string> => {
  const path = join(scratch, 'model.onnx')
  await writeFile(path, bytes)
  return path
}

/** @param sides null: left free */
function value(name: string, sides: (number | null)[]): ProtoMessage {
  const dim = (side: number | null): ProtoMessage =>
    side === null ? new ProtoMessage().string(2, 'batch') : new ProtoMessage().int(1, side)
  const shape = sides.reduce((all, side) => all.message(1, dim(side)), new ProtoMessage())
  const type = new ProtoMessage().message(1, new ProtoMessage().int(1, 1).message(2, shape))
  return new ProtoMessage().string(1, name).message(2, type)
}

describe('zeros around a map below zero, before a maximum', () => {
  /** 4 × 4, one zero around it, the maxima of 3 × 3 in steps of 2, their mean. */
  function padded(batch: number | null): Uint8Array {
    const node = (op: string, inputs: string[], output: string, attributes: ProtoMessage[] = []): ProtoMessage => {
      const message = inputs.reduce((all, input) => all.string(1, input), new ProtoMessage()).string(2, output)
      return attributes.reduce((all, attribute) => all.message(5, attribute), message.string(4, op))
    }
    const ints = (name: string, values: number[]): ProtoMessage =>
      values.reduce((all, one) => all.int(8, one), new ProtoMessage().string(1, name)).int(20, 7)
    const pads = [0, 0, 1, 1, 0, 0, 1, 1].reduce((all, one) => all.int(7, one), new ProtoMessage().int(1, 8).int(2, 7))
    const graph = new ProtoMessage()
      .message(1, node('Pad', ['x', 'pads'], 'wide'))
      .message(1, node('MaxPool', ['wide'], 'maxima', [ints('kernel_shape', [3, 3]), ints('strides', [2, 2])]))
      .message(1, node('GlobalAveragePool', ['maxima'], 'y'))
      .string(2, 'padded')
      .message(5, pads.string(8, 'pads'))
      .message(11, value('x', [batch, 3, 4, 4]))
      .message(12, value('y', [batch, 3, 1, 1]))
    return new ProtoMessage().int(1, 8).message(7, graph).message(8, new ProtoMessage().int(2, 17)).encode()
  }

  it.each([
    ['single', 1],
    ['single', null],
    ['stream', null]
  ] as const)('are counted as zeros: %s, %s pictures', async (use, batch) => {
    const network = await openAsIs(await readOnnx(await write(padded(batch))), executor, { size: 4, use })
    expect(network.pace !== undefined).toBe(use === 'stream')
    // Of the four windows, three reach the border.
    expect([...(await network.run(new Float32Array(48).fill(-1), 1))]).toEqual([-0.25, -0.25, -0.25])
    await network.dispose()
  })
})

describe('what cannot be used', () => {
  const model = (input: ProtoMessage, node: ProtoMessage, initialiser?: ProtoMessage): Uint8Array => {
    const graph = new ProtoMessage()
      .message(1, node)
      .message(11, input)
      .message(12, value('y', [1, 2]))
    if (initialiser) graph.message(5, initialiser)
    return new ProtoMessage().int(1, 8).message(7, graph).message(8, new ProtoMessage().int(2, 17)).encode()
  }
  const node = (op: string, domain = ''): ProtoMessage =>
    new ProtoMessage().string(1, 'x').string(2, 'y').string(4, op).string(7, domain)

  it('is told by its code', async () => {
    const whole = await readFile(join(FOREIGN_MODELS, 'classifier.onnx'))
    const picture = value('x', [1, 3, 8, 8])
    const external = new ProtoMessage().string(8, 'w').int(14, 1)
    const cases: [string, Uint8Array][] = [
      ['backbone/corrupt', new Uint8Array()],
      ['backbone/corrupt', Buffer.from('<html>not found</html>')],
      ['backbone/corrupt', whole.subarray(0, 700)],
      ['backbone/unsupported-layer', model(value('x', [1, 10]), node('Relu'))],
      ['backbone/unsupported-layer', model(picture, node('Crop', 'com.example'))],
      ['backbone/incomplete', model(picture, node('Relu'), external)]
    ]
    for (const [code, bytes] of cases) await expect(readOnnx(await write(bytes))).rejects.toMatchObject({ code })
    await expect(readOnnx(join(scratch, 'absent.onnx'))).rejects.toMatchObject({ code: 'backbone/corrupt' })
  })

  it('is found when it is opened: an unknown operation, a map instead of features', async () => {
    const unknown = await readOnnx(await write(model(value('x', [1, 3, 8, 8]), node('Nonsense'))))
    await expect(openAsIs(unknown, executor, { size: 8 })).rejects.toThrow('Nonsense')
    const classifier = await readOnnx(join(FOREIGN_MODELS, 'classifier.onnx'))
    await expect(openAsIs(classifier, executor, { size: 8, output: 'active' })).rejects.toMatchObject({
      code: 'backbone/unsupported-layer'
    })
  })
})
