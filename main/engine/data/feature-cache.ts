/**
 * Pooled features on disk, so that no picture passes the backbone twice. A row is found by content hash + contract + weights
 * hash + cut node: the last three name a folder (a space), the first a row in it.
 *
 * Each process that computes appends to two files of its own, so that several can at once, and none waits for another:
 * `ID.f32`, rows of float32, and `ID.index`, for each row 32 bytes SHA-256 of the content hash and 4 bytes checksum. A row is
 * written before its index entry; what a kill leaves torn at the end of either file is passed over, and a row whose checksum
 * does not fit (a power cut wrote the index but not the row) counts as absent.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { CachedRows } from './cached-rows'

/** What, besides the picture, decides about its features. */
export interface FeatureSpace {
  contract: PreprocessingContract
  /** SHA-256 of the weights up to the cut. */
  weightsHash: string
  /** Name of the node whose value is cached. */
  cutNode: string
  /** Count of features. */
  width: number
  /** Of what was rounded to eight bits, and how; left out: nothing. */
  precision?: string
}

export interface FeatureCache {
  /** Rows that can be had, without a look at their checksums. */
  has(contentHash: string): boolean
  /**
   * Fills `out` (row i for contentHashes[i]) with what is cached.
   * @returns for each hash whether its row was filled.
   */
  read(contentHashes: readonly string[], out: Float32Array): Promise<boolean[]>
  /**
   * Reads what is cached without keeping it.
   * @returns for each hash whether its row is whole
   */
  check(contentHashes: readonly string[]): Promise<boolean[]>
  /** The rows where they lie, for `read` or `check` to have seen before; one that is not cached reads as NaN. */
  rows(contentHashes: readonly string[]): CachedRows
  /** @param rows contentHashes.length × width. Returns when the operating system has them: they survive the process. */
  append(contentHashes: readonly string[], rows: Float32Array): Promise<void>
  close(): Promise<void>
}

const KEY_BYTES = 32
const ENTRY_BYTES = KEY_BYTES + 4
/** Rows read in one go: 5 MB at 1,280 features. */
const SPAN_ROWS = 1024
/** Unwanted rows between wanted ones that are read along rather than skipped. */
const SPAN_GAP = 8

interface Place {
  shard: string
  row: number
  checksum: number
}

/** @throws the file system's error when the folder cannot be made or read */
export async function openFeatureCache(directory: string, space: FeatureSpace): Promise<FeatureCache> {
  const folder = join(directory, spaceKey(space))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'space.json'), `${JSON.stringify(space, null, 2)}\n`)
  const { width } = space
  const places = await readIndex(folder, width)
  let shard: Shard | null = null
  /** Appends wait for each other: a row's place is counted from those before it. */
  let lastAppend: Promise<unknown> = Promise.resolve()

  async function appendNow(contentHashes: readonly string[], rows: Float32Array): Promise<void> {
    shard ??= await createShard(folder)
    const keys = contentHashes.map(keyOf)
    const entries = await appendRows(shard, keys, rows, width)
    keys.forEach((key, index) => places.set(key, entries[index]!))
  }

  const fileOf = (name: string): string => join(folder, `${name}.f32`)

  /** @param take gets the rows that are whole; the others are no longer known. */
  async function readWhole(
    contentHashes: readonly string[],
    take: (index: number, row: Float32Array) => void
  ): Promise<boolean[]> {
    const found = contentHashes.map(() => false)
    const wanted = new Map<string, { place: Place; index: number }[]>()
    contentHashes.forEach((contentHash, index) => {
      const place = places.get(keyOf(contentHash))
      if (!place) return
      const list = wanted.get(place.shard) ?? []
      list.push({ place, index })
      wanted.set(place.shard, list)
    })
    for (const [name, list] of wanted) {
      const file = await open(fileOf(name), 'r').catch(() => null)
      if (!file) continue
      try {
        await readRows(file, list, width, (index, row) => {
          take(index, row)
          found[index] = true
        })
      } finally {
        await file.close()
      }
    }
    contentHashes.forEach((contentHash, index) => {
      if (!found[index]) places.delete(keyOf(contentHash))
    })
    return found
  }

  return {
    has: (contentHash) => places.has(keyOf(contentHash)),
    read: (contentHashes, out) => readWhole(contentHashes, (index, row) => out.set(row, index * width)),
    check: (contentHashes) => readWhole(contentHashes, () => undefined),
    rows: (contentHashes) => {
      const placed = contentHashes.map((contentHash) => places.get(keyOf(contentHash)) ?? null)
      return new CachedRows(placed, width, fileOf)
    },
    append(contentHashes, rows) {
      const turn = lastAppend.then(() => appendNow(contentHashes, rows))
      lastAppend = turn.catch(() => undefined)
      return turn
    },
    async close() {
      await lastAppend
      await shard?.close()
      shard = null
    }
  }
}

const keyOf = (contentHash: string): string => createHash('sha256').update(contentHash).digest('hex')

function spaceKey({ contract, weightsHash, cutNode, width, precision }: FeatureSpace): string {
  const { size, colorOrder, mean, std, filter, crop, cropFraction } = contract
  const parts = [
    size,
    colorOrder,
    mean,
    std,
    filter,
    crop,
    cropFraction,
    weightsHash,
    cutNode,
    width,
    precision
  ].filter((part) => part !== undefined)
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

async function readIndex(folder: string, width: number): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.index')) continue
    const shard = name.slice(0, -'.index'.length)
    const index = await readFile(join(folder, name))
    const data = await stat(join(folder, `${shard}.f32`)).catch(() => null)
    const rows = Math.min(Math.floor(index.length / ENTRY_BYTES), Math.floor((data?.size ?? 0) / (4 * width)))
    for (let row = 0; row < rows; row++) {
      const start = row * ENTRY_BYTES
      const key = index.toString('hex', start, start + KEY_BYTES)
      places.set(key, { shard, row, checksum: index.readInt32LE(start + KEY_BYTES) })
    }
  }
  return places
}

async function readRows(
  file: FileHandle,
  wanted: { place: Place; index: number }[],
  width: number,
  take: (index: number, row: Float32Array) => void
): Promise<void> {
  wanted.sort((a, b) => a.place.row - b.place.row)
  const buffer = new Float32Array(SPAN_ROWS * width)
  for (let start = 0; start < wanted.length;) {
    const first = wanted[start]!.place.row
    let end = start + 1
    while (
      end < wanted.length &&
      wanted[end]!.place.row - wanted[end - 1]!.place.row <= SPAN_GAP &&
      wanted[end]!.place.row - first < SPAN_ROWS
    ) {
      end++
    }
    const rows = wanted[end - 1]!.place.row - first + 1
    const { bytesRead } = await file.read(new Uint8Array(buffer.buffer), 0, rows * width * 4, first * width * 4)
    for (const { place, index } of wanted.slice(start, end)) {
      const row = buffer.subarray((place.row - first) * width, (place.row - first + 1) * width)
      const whole = bytesRead >= (place.row - first + 1) * width * 4
      if (whole && checksumOf(row) === place.checksum) take(index, row)
    }
    start = end
  }
}

interface Shard {
  name: string
  data: FileHandle
  index: FileHandle
  rows: number
  close(): Promise<void>
}

async function createShard(folder: string): Promise<Shard> {
  const name = randomUUID()
  const data = await open(join(folder, `${name}.f32`), 'ax')
  const index = await open(join(folder, `${name}.index`), 'ax')
  return {
    name,
    data,
    index,
    rows: 0,
    async close() {
      await data.close()
      await index.close()
    }
  }
}

async function appendRows(shard: Shard, keys: readonly string[], rows: Float32Array, width: number): Promise<Place[]> {
  if (rows.length !== keys.length * width)
    throw new RangeError(`${rows.length} values are not ${keys.length} rows of ${width}`)
  const entries = Buffer.alloc(keys.length * ENTRY_BYTES)
  const places = keys.map((key, index): Place => {
    const checksum = checksumOf(rows.subarray(index * width, (index + 1) * width))
    entries.write(key, index * ENTRY_BYTES, 'hex')
    entries.writeInt32LE(checksum, index * ENTRY_BYTES + KEY_BYTES)
    return { shard: shard.name, row: shard.rows + index, checksum }
  })
  await shard.data.appendFile(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
  await shard.index.appendFile(entries)
  shard.rows += keys.length
  return places
}

/** Fletcher's two sums over the row's 32-bit words, folded into one: sees torn, zeroed and displaced words. */
function checksumOf(row: Float32Array): number {
  const words = new Int32Array(row.buffer, row.byteOffset, row.length)
  let sum = 1
  let sumOfSums = 0
  for (let index = 0; index < words.length; index++) {
    sum = (sum + words[index]!) | 0
    sumOfSums = (sumOfSums + sum) | 0
  }
  return sum ^ Math.imul(sumOfSums, 0x9e3779b1)
}
