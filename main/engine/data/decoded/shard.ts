/**
 * Decoded pictures in files of records of one size, so that one is read with one positioned read. Two files a shard:
 * `ID.pixels`, for each picture its bytes, padded to whole words, and four bytes checksum; `ID.index`, for each 32 bytes SHA-256 of
 * the picture's file. A record is written before its index entry: what a kill leaves torn at the end is passed over, and what a
 * power cut leaves wrong does not fit its checksum. Synchronous: it is used on threads of its own, and each call is one system call.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, statSync, writeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY_BYTES = 32
const CHECKSUM_BYTES = 4

export const PIXELS = '.pixels'
export const INDEX = '.index'

/** Where a record lies. */
export interface RecordPlace {
  /** Name of the shard. */
  shard: string
  row: number
}

/** Bytes that a picture takes. */
export const recordBytes = (pixelBytes: number): number => Math.ceil(pixelBytes / 4) * 4 + CHECKSUM_BYTES

/** Appends to a shard of its own, which nobody else writes to. */
export class ShardWriter {
  readonly name = randomUUID()
  readonly #pixelBytes: number
  readonly #data: number
  readonly #index: number
  #rows = 0

  /** @throws the file system's error */
  constructor(folder: string, pixelBytes: number) {
    this.#pixelBytes = pixelBytes
    this.#data = openSync(join(folder, this.name + PIXELS), 'ax')
    this.#index = openSync(join(folder, this.name + INDEX), 'ax')
  }

  /**
   * @param hash SHA-256 of the picture's file, hexadecimal.
   * @throws the file system's error (ENOSPC); the shard stays readable, and the next record takes the torn one's place.
   */
  append(hash: string, pixels: Uint8Array): RecordPlace {
    const bytes = recordBytes(this.#pixelBytes)
    const record = new Uint8Array(bytes)
    record.set(pixels)
    const words = new Int32Array(record.buffer)
    words[words.length - 1] = checksumOf(words, hash)
    writeAll(this.#data, record, this.#rows * bytes)
    writeAll(this.#index, Buffer.from(hash, 'hex'), this.#rows * KEY_BYTES)
    return { shard: this.name, row: this.#rows++ }
  }

  close(): void {
    closeSync(this.#data)
    closeSync(this.#index)
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, position + done)
}

/** Reads from all shards of a folder, and keeps their files open. */
export class ShardReader {
  readonly #folder: string
  readonly #pixelBytes: number
  readonly #files = new Map<string, number>()

  constructor(folder: string, pixelBytes: number) {
    this.#folder = folder
    this.#pixelBytes = pixelBytes
  }

  /** @returns null when the record is not there, torn, or another picture's. */
  read({ shard, row }: RecordPlace, hash: string): Uint8Array | null {
    const words = new Int32Array(recordBytes(this.#pixelBytes) / 4)
    const record = new Uint8Array(words.buffer)
    try {
      const read = readSync(this.#open(shard), record, 0, record.length, row * record.length)
      if (read < record.length || words[words.length - 1] !== checksumOf(words, hash)) return null
    } catch {
      return null
    }
    return record.subarray(0, this.#pixelBytes)
  }

  #open(shard: string): number {
    const known = this.#files.get(shard)
    if (known !== undefined) return known
    const file = openSync(join(this.#folder, shard + PIXELS), 'r')
    this.#files.set(shard, file)
    return file
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }
}

/** Content hashes of a shard's records, in their order. Empty when it cannot be read. */
export function readShardIndex(folder: string, shard: string, pixelBytes: number): string[] {
  try {
    const index = readFileSync(join(folder, shard + INDEX))
    const { size } = statSync(join(folder, shard + PIXELS))
    const rows = Math.min(Math.floor(index.length / KEY_BYTES), Math.floor(size / recordBytes(pixelBytes)))
    return Array.from({ length: rows }, (_, row) => index.toString('hex', row * KEY_BYTES, (row + 1) * KEY_BYTES))
  } catch {
    return []
  }
}

/** Fletcher's two sums over the record's words but the last, and the hash's first: sees torn, zeroed and displaced ones. */
function checksumOf(words: Int32Array, hash: string): number {
  let sum = Number.parseInt(hash.slice(0, 8), 16) | 0
  let sumOfSums = 1
  for (let index = 0; index < words.length - 1; index++) {
    sum = (sum + words[index]!) | 0
    sumOfSums = (sumOfSums + sum) | 0
  }
  return sum ^ Math.imul(sumOfSums, 0x9e3779b1)
}
