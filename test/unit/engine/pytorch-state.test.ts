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

/** What Python's own pickler writes at protocol 2, operation by operation. */
const op = {
  begin: [0x80, 2],
  string: (text: string) => [0x58, ...uint32(Buffer.byteLength(text)), ...Buffer.from(text)],
  int: (value: number) => [0x4a, ...uint32(value)],
  global: (module: string, name: string) => [...Buffer.from(`c${module}\n${name}\n`)],
  tuple: (...items: number[][]) => [0x28, ...items.flat(), 0x74],
  dict: (...pairs: number[][]) => [0x7d, 0x28, ...pairs.flat(), 0x75],
  list: (...items: number[][]) => [0x5d, 0x28, ...items.flat(), 0x65],
  call: (callee: number[], args: number[]) => [...callee, ...args, 0x52],
  end: [0x2e]
}
const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]
const pickle = (...parts: number[][]): number[] => [...op.begin, ...parts.flat(), ...op.end]
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]

interface Tensor {
  shape: number[]
  strides: number[]
  offset?: number
  values: number[]
  type?: string
}

const EMPTY = op.call(op.global('collections', 'OrderedDict'), [0x29])

function tensorOf(key: string, { shape, strides, offset = 0, values, type = 'FloatStorage' }: Tensor): number[] {
  const id = op.tuple(
    op.string('storage'),
    op.global('torch', type),
    op.string(key),
    op.string('cpu'),
    op.int(values.length),
    [0x4e]
  )
  const args = op.tuple(
    [...id, 0x51],
    op.int(offset),
    op.tuple(...shape.map(op.int)),
    op.tuple(...strides.map(op.int)),
    [0x89],
    EMPTY
  )
  return op.call(op.global('torch._utils', '_rebuild_tensor_v2'), args)
}

function file(tensors: Record<string, Tensor>): Uint8Array {
  const entries = Object.entries(tensors)
  const state = entries.flatMap(([name, tensor], index) => [op.string(name), tensorOf(String(index), tensor)])
  const bytes = entries.map(([, { values, type = 'FloatStorage' }]) => {
    const data = type === 'LongStorage' ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values)
    return [...uint32(values.length), 0, 0, 0, 0, ...new Uint8Array(data.buffer)]
  })
  return Uint8Array.from([
    ...MAGIC,
    ...pickle(op.int(1001)),
    ...pickle(op.dict(op.string('little_endian'), [0x88])),
    ...pickle(op.dict(...state)),
    ...pickle(op.list(...entries.map((_, index) => op.string(String(index))))),
    ...bytes.flat()
  ])
}

const whole: Tensor = { shape: [2, 3], strides: [3, 1], values: [1, 2, 3, 4, 5, 6] }

describe('PyTorch state dicts', () => {
  it('gives tensors in rows, whatever their strides and offsets; counters are left out', () => {
    const tensors = parsePytorchState(
      file({
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
    const refuse = (tensor: Partial<Tensor>): string => {
      try {
        parsePytorchState(file({ a: { ...whole, ...tensor } }))
        return 'read'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(refuse({ offset: 1 })).toContain('beyond its storage')
    expect(refuse({ strides: [2 ** 30, 2 ** 30] })).toContain('beyond its storage')
    expect(refuse({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] })).toMatch(/far more numbers|beyond/)
    expect(refuse({ strides: [1] })).toContain('2 sides and 1 strides')
  })

  it('refuses every file that is cut short, with a coded error', async () => {
    const bytes = file({ a: whole, b: whole })
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
