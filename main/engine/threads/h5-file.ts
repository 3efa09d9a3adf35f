/**
 * Program of a thread that reads HDF5 files with the HDF Group's own library, compiled to WebAssembly. In a thread, because that
 * library is not written for hostile files: a hang ends with the thread, and memory it has confused goes with it. The file is
 * copied into the library's own file system in memory, so that links to other files find nothing.
 */
import { parentPort } from 'node:worker_threads'
import h5wasm, { BrokenSoftLink, Dataset, ExternalLink, FS, Group, Module, type Attribute, type Metadata } from 'h5wasm'
import { fromHalf } from '../../../shared/formats/half.ts'

export interface H5Call {
  bytes: Uint8Array
  /** Names of groups at the top that are left out: an optimizer's slots are as large as the weights. */
  skip: readonly string[]
  /** Bytes that all datasets may hold together. */
  limit: number
}

export interface H5Dataset {
  path: string
  shape: number[]
  data: Float32Array
}

/** Text attributes of one object. */
export interface H5Attributes {
  path: string
  values: Record<string, string | string[]>
}

/** `ready` once, before any call; `wrong` is the file's fault. */
export type H5Answer =
  | { kind: 'ready' }
  | { kind: 'content'; datasets: H5Dataset[]; attributes: H5Attributes[] }
  | { kind: 'wrong'; why: string }

/** No Keras model comes near these. */
const MAX_OBJECTS = 50_000
const MAX_DEPTH = 40
const MAX_ATTRIBUTE_BYTES = 64 * 2 ** 20
/** Bytes that the library may take beyond those of the datasets. It begins with 16 MB. */
const OWN_MEMORY = 64 * 2 ** 20
const PAGE = 65_536

const port = parentPort!
const FILE = '/model.h5'

class Walk {
  readonly datasets: H5Dataset[] = []
  readonly attributes: H5Attributes[] = []
  private objects = 0
  private bytes = 0
  private readonly call: H5Call

  constructor(call: H5Call) {
    this.call = call
  }

  group(group: Group, path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Error(`its groups are nested deeper than ${MAX_DEPTH}`)
    this.takeAttributes(group.attrs, path)
    for (const name of group.keys()) {
      if (depth === 0 && this.call.skip.includes(name)) continue
      if (++this.objects > MAX_OBJECTS) throw new Error(`it has more than ${MAX_OBJECTS} objects`)
      const inner = path === '' ? name : `${path}/${name}`
      const entity = group.get(name)
      if (entity instanceof Group) this.group(entity, inner, depth + 1)
      else if (entity instanceof Dataset) this.dataset(entity, inner)
      else if (entity instanceof ExternalLink || entity instanceof BrokenSoftLink) {
        throw new Error(`'${inner}' leads out of the file`)
      }
    }
  }

  private dataset(dataset: Dataset, path: string): void {
    const { metadata } = dataset
    const { shape, size, virtual_sources: elsewhere } = metadata
    if (elsewhere && elsewhere.length > 0) throw new Error(`'${path}' leads out of the file`)
    if (!shape || !isNumeric(metadata)) return
    const count = shape.reduce((product, side) => product * side, 1)
    this.bytes += count * size
    if (!(this.bytes <= this.call.limit)) {
      throw new Error(`'${path}' is [${shape}], more than a file of ${this.call.bytes.byteLength} bytes can hold`)
    }
    this.datasets.push({ path, shape, data: count === 0 ? new Float32Array() : floats(dataset, metadata, count) })
  }

  private takeAttributes(attributes: Record<string, Attribute>, path: string): void {
    const values: Record<string, string | string[]> = {}
    for (const [name, attribute] of Object.entries(attributes)) {
      const { type, size, total_size } = attribute.metadata
      if (type !== STRING) continue
      this.bytes += size * total_size
      if (!(size * total_size <= MAX_ATTRIBUTE_BYTES)) throw new Error(`the attribute '${name}' is absurdly large`)
      const value = attribute.value
      if (typeof value === 'string') values[name] = value
      else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) values[name] = value as string[]
    }
    if (Object.keys(values).length > 0) this.attributes.push({ path, values })
  }
}

/** H5T_class_t of the library. */
const [INTEGER, FLOAT, STRING] = [0, 1, 3]

const isNumeric = ({ type }: Metadata): boolean => type === INTEGER || type === FLOAT

function floats(dataset: Dataset, { type, size, littleEndian }: Metadata, count: number): Float32Array {
  if (!littleEndian) throw new Error(`'${dataset.path}' has its bytes in big-endian order`)
  if (type === FLOAT && size === 2) return half(dataset, count)
  // A dataset of no dimensions comes as a plain number.
  const value = dataset.value
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value))
  if (value instanceof Float32Array) return value.slice()
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Float32Array.from(value, Number)
  if (ArrayBuffer.isView(value)) return Float32Array.from(value as Float64Array)
  throw new Error(`'${dataset.path}' is of a type that cannot be read`)
}

/** Half precision, which the library's own wrapper has no array for: as the raw bits. */
function half(dataset: Dataset, count: number): Float32Array {
  const module = Module
  const place = module._malloc(count * 2)
  if (place === 0) throw new Error('there is not enough memory')
  try {
    module.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(place))
    const bits = new Uint16Array(module.HEAPU8.slice(place, place + count * 2).buffer)
    return Float32Array.from(bits, fromHalf)
  } finally {
    module._free(place)
  }
}

let memoryLimit = Infinity

/** The library believes the length of a string before it looks for it: a damaged one would fill two gigabytes. */
function limitMemory(): void {
  const memory = WebAssembly.Memory.prototype
  const { grow } = memory
  memory.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE > memoryLimit) throw new RangeError('The file takes too much memory.')
    return Reflect.apply(grow, this, [pages]) as number
  }
}

function answer(call: H5Call): H5Answer {
  const files = FS!
  memoryLimit = OWN_MEMORY + call.limit
  try {
    files.writeFile(FILE, call.bytes)
    const file = new h5wasm.File(FILE, 'r')
    // The library's wrapper does not look whether it could open the file.
    if (file.file_id <= 0n) throw new Error('its beginning is damaged, or it is cut short')
    try {
      const walk = new Walk(call)
      walk.group(file, '', 0)
      return { kind: 'content', datasets: walk.datasets, attributes: walk.attributes }
    } finally {
      file.close()
    }
  } catch (error) {
    // A fault of the library itself is for the thread's owner to hear of: its memory cannot be trusted any more.
    if (error instanceof WebAssembly.RuntimeError) throw error
    return { kind: 'wrong', why: error instanceof Error ? error.message : String(error) }
  } finally {
    files.unlink(FILE)
  }
}

limitMemory()
void h5wasm.ready.then(() => {
  port.on('message', (call: H5Call) => {
    const result = answer(call)
    const buffers = result.kind === 'content' ? result.datasets.map(({ data }) => data.buffer as ArrayBuffer) : []
    port.postMessage(result, [...new Set(buffers)])
  })
  port.postMessage({ kind: 'ready' } satisfies H5Answer)
})
