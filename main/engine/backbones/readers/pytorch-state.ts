/**
 * State dicts as `torch.save` wrote them before version 1.6: five pickles in a row (magic number, protocol, the writer's
 * machine, the table of tensors, the order of the storages), then the storages' bytes, each after its length
 * (https://github.com/pytorch/pytorch/blob/main/torch/serialization.py, `_legacy_save`). Read without PyTorch or Python.
 */
import { readFile } from 'node:fs/promises'
import { halvesToFloats } from '@shared/formats/half'
import { StudioError } from '@shared/errors'
import type { WeightTensor } from '../graph'
import { unpickle, type PickleWorld } from './pickle'

export { liteFromPytorch } from './lite-from-pytorch'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001

/** Bytes of an element; null for whole numbers, which are counters and no weights. */
interface ElementType {
  size: number
  toFloats: ((bytes: Uint8Array) => Float32Array) | null
}

const STORAGES: Record<string, ElementType> = {
  FloatStorage: { size: 4, toFloats: (bytes) => new Float32Array(aligned(bytes)) },
  HalfStorage: { size: 2, toFloats: (bytes) => halvesToFloats(new Uint16Array(aligned(bytes))) },
  DoubleStorage: { size: 8, toFloats: (bytes) => Float32Array.from(new Float64Array(aligned(bytes))) },
  LongStorage: { size: 8, toFloats: null },
  IntStorage: { size: 4, toFloats: null }
}

/** A copy: the file's tensors lie at any byte, typed arrays at multiples of their element. (`slice` of a Buffer copies nothing.) */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

class Storage {
  floats: Float32Array | null = null
  constructor(
    readonly type: ElementType,
    readonly count: number
  ) {}
}

/** A window on a storage: `offset` and `strides` count elements. */
class StoredTensor {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[]
  ) {}
}

/**
 * @returns the floating-point tensors by name, in PyTorch's own layouts, rows first.
 * @throws StudioError backbone/not-found, backbone/corrupt
 */
export async function readPytorchState(path: string): Promise<Map<string, WeightTensor>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  })
  try {
    return parsePytorchState(bytes)
  } catch (error) {
    const why = (error as Error).message
    throw new StudioError('backbone/corrupt', `'${path}' holds no PyTorch weights: ${why}.`, { path }, { cause: error })
  }
}

/** @throws Error, in words */
export function parsePytorchState(bytes: Uint8Array): Map<string, WeightTensor> {
  const storages = new Map<string, Storage>()
  const world = worldOf(storages)
  let place = 0
  const next = (): unknown => {
    const { value, end } = unpickle(bytes, place, world)
    place = end
    return value
  }
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) throw new Error('it is a zip archive, of PyTorch 1.6 or newer')
  if (next() !== MAGIC) throw new Error('it does not begin as such a file does')
  const protocol = next()
  if (protocol !== PROTOCOL) throw new Error(`its protocol is ${String(protocol)}, not ${PROTOCOL}`)
  const machine = next()
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) throw new Error('its bytes are big-endian')
  const state = next()
  const order = next()
  if (!(state instanceof Map) || !Array.isArray(order)) throw new Error('it is no table of tensors')
  for (const key of order) place = readStorage(bytes, place, storages.get(String(key)))
  const tensors = new Map<string, WeightTensor>()
  // Tensors may share a storage, as tied weights do; a file that makes much out of little is not one of weights.
  let room = 4 * [...storages.values()].reduce((sum, { count }) => sum + count, 0)
  for (const [name, tensor] of state) {
    if (typeof name !== 'string' || !(tensor instanceof StoredTensor)) throw new Error('it holds more than tensors')
    if (!tensor.storage.type.toFloats) continue
    room -= tensor.shape.reduce((product, side) => product * side, 1)
    // No number either, where sides are absurd.
    if (!(room >= 0)) throw new Error('its tensors hold far more numbers than it does')
    tensors.set(name, materialise(name, tensor))
  }
  return tensors
}

function worldOf(storages: Map<string, Storage>): PickleWorld {
  const rebuild = ([storage, offset, shape, strides]: unknown[]): StoredTensor => {
    if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
      throw new Error('it has a tensor of no known form')
    return new StoredTensor(storage, offset, shape, strides)
  }
  const globals = new Map<string, unknown>([
    ['collections OrderedDict', () => new Map()],
    ['torch._utils _rebuild_tensor', rebuild],
    ['torch._utils _rebuild_tensor_v2', rebuild],
    ['torch._utils _rebuild_parameter', ([tensor]: unknown[]) => tensor],
    ...Object.entries(STORAGES).map(([name, type]): [string, unknown] => [`torch ${name}`, type])
  ])
  const persistent = (id: unknown): Storage => {
    const [kind, type, key, , count] = Array.isArray(id) ? (id as unknown[]) : []
    const known = Object.values(STORAGES).find((candidate) => candidate === type)
    if (kind !== 'storage' || !known || typeof key !== 'string' || !isCount(count))
      throw new Error('it has a storage of no known form')
    const storage = storages.get(key) ?? new Storage(known, count)
    storages.set(key, storage)
    return storage
  }
  return { globals, persistent }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)

/** @returns where the next storage begins. */
function readStorage(bytes: Uint8Array, place: number, storage: Storage | undefined): number {
  if (!storage) throw new Error('it has a storage that no tensor uses')
  if (place + 8 > bytes.length) throw new Error('it is cut short')
  const count = Number(new DataView(bytes.buffer, bytes.byteOffset + place).getBigInt64(0, true))
  if (count !== storage.count) throw new Error(`a storage of ${storage.count} numbers holds ${count}`)
  const end = place + 8 + count * storage.type.size
  if (end > bytes.length) throw new Error('it is cut short')
  storage.floats = storage.type.toFloats?.(bytes.subarray(place + 8, end)) ?? null
  return end
}

function materialise(name: string, { storage, offset, shape, strides }: StoredTensor): WeightTensor {
  const { floats } = storage
  if (!floats) throw new Error(`the numbers of '${name}' are missing`)
  if (shape.length !== strides.length)
    throw new Error(`'${name}' has ${shape.length} sides and ${strides.length} strides`)
  const length = shape.reduce((product, side) => product * side, 1)
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset)
  if (length > storage.count || last >= storage.count) throw new Error(`'${name}' reaches beyond its storage`)
  const data = new Float32Array(length)
  for (let index = 0; index < length; index++) {
    let [place, rest] = [offset, index]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * strides[axis]!
      rest = Math.floor(rest / shape[axis]!)
    }
    data[index] = floats[place]!
  }
  return { shape, data }
}
