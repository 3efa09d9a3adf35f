import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures'
import type { WeightTensor } from '../../../main/engine/backbones/graph'
import { hashWeights } from '../../../main/engine/backbones/measures'
import { pytorchName } from '../../../main/engine/backbones/readers/lite-from-pytorch'
import { unpickle } from '../../../main/engine/backbones/readers/pickle'
import {
  liteFromPytorch,
  parsePytorchState,
  readPytorchState
} from '../../../main/engine/backbones/readers/pytorch-state'
import { op, pickle, pytorchFile, type PytorchTensor } from '../../fixtures/pytorch-file'

const whole: PytorchTensor = { shape: [2, 3], strides: [3, 1], values: [1, 2, 3, 4, 5, 6] }

describe('PyTorch state dicts', () => {
  it('gives tensors in rows, whatever their strides and offsets; counters are left out', () => {
    const tensors = parsePytorchState(
      pytorchFile({
        plain: whole,
        turned: { ...whole, shape: [3, 2], strides: [1, 3] },
        part: { ...whole, shape: [2], strides: [3], offset: 1 },
        counter: { shape: [], strides: [], values: [7], type: 'LongStorage' }
      })
    )
    expect([...tensors.keys()]).toEqual(['plain', 'turned', 'part'])
    expect([...tensors.get('plain')!.data]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...tensors.get('turned')!.data]).toEqual([1, 4, 2, 5, 3, 6])
    expect([...tensors.get('part')!.data]).toEqual([2, 5])
  })

  it.each([
    [
      'a call of another function',
      pickle(op.call(op.global('os', 'system'), op.tuple(op.string('true')))),
      "asks for 'os system'"
    ],
    ['a function of the table by another name', pickle(op.global('builtins', 'eval')), "asks for 'builtins eval'"],
    ['an operation that builds objects', pickle([0x81]), 'operation 0x81'],
    ['a value that is not there', pickle([0x52]), 'a value that is not there'],
    ['a string beyond the end', [0x80, 2, 0x58, 255, 255, 255, 255, 65], 'cut short']
  ])('refuses %s', (_what, bytes, why) => {
    const world = { globals: new Map(), persistent: () => null }
    expect(() => unpickle(Uint8Array.from(bytes), 0, world)).toThrow(why)
  })

  it('refuses windows beyond a storage, storages of other lengths, and much made out of little', () => {
    const refuse = (tensor: Partial<PytorchTensor>): string => {
      try {
        parsePytorchState(pytorchFile({ a: { ...whole, ...tensor } }))
        return 'read'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(refuse({ offset: 1 })).toContain('beyond its storage')
    expect(refuse({ strides: [2 ** 30, 2 ** 30] })).toContain('beyond its storage')
    expect(refuse({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] })).toMatch(/far more numbers|beyond/)
    const sides = [...Array.from({ length: 40 }, () => 2 ** 31 - 1), 0]
    expect(refuse({ shape: sides, strides: sides.map(() => 0) })).toContain('far more numbers')
    expect(refuse({ strides: [1] })).toContain('2 sides and 1 strides')
  })

  it('refuses every file that is cut short, with a coded error', async () => {
    const bytes = pytorchFile({ a: whole, b: whole })
    const folder = await mkdtemp(join(tmpdir(), 'pytorch-'))
    try {
      const path = join(folder, 'weights.pth')
      for (let length = 0; length < bytes.length; length += 7) {
        await writeFile(path, bytes.subarray(0, length))
        await expect(readPytorchState(path)).rejects.toMatchObject({ code: 'backbone/corrupt' })
      }
      await writeFile(path, 'PK\u0003\u0004')
      await expect(readPytorchState(path)).rejects.toThrow('zip archive')
      await expect(readPytorchState(join(folder, 'none'))).rejects.toMatchObject({ code: 'backbone/not-found' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('EfficientNet-Lite out of PyTorch', () => {
  const architecture = architectureOf('efficientnet-lite1')
  const graph = architecture.build({ weights: randomWeights(3), size: 32 })

  /** Our variables in PyTorch's layouts. */
  function tensors(): Map<string, WeightTensor> {
    return new Map(
      [...graph.weights].map(([key, { shape, data }]): [string, WeightTensor] => {
        if (shape.length === 1) return [pytorchName(key), { shape, data }]
        const axes = shape.length === 2 ? [1, 0] : key.includes('depthwise') ? [2, 3, 0, 1] : [3, 2, 0, 1]
        const sides = axes.map((axis) => shape[axis]!)
        const steps = axes.map((axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1))
        const out = new Float32Array(data.length)
        for (let index = 0; index < out.length; index++) {
          let place = 0
          for (let axis = sides.length - 1, rest = index; axis >= 0; rest = Math.floor(rest / sides[axis--]!)) {
            place += (rest % sides[axis]!) * steps[axis]!
          }
          out[index] = data[place]!
        }
        return [pytorchName(key), { shape: sides, data: out }]
      })
    )
  }

  it('puts every tensor in its place', () => {
    const read = liteFromPytorch(architecture, tensors())
    expect(hashWeights(read)).toBe(hashWeights(graph))
  }, 60_000)

  it('names what is missing, and what does not fit', () => {
    const incomplete = tensors()
    incomplete.delete('_blocks.3._depthwise_conv.weight')
    expect(() => liteFromPytorch(architecture, incomplete)).toThrow(
      'lacks 1 tensors of EfficientNet-Lite1: _blocks.3._depthwise_conv.weight'
    )
    expect(() => liteFromPytorch(architectureOf('efficientnet-lite2'), tensors())).toThrow('does not fit')
  }, 60_000)
})
