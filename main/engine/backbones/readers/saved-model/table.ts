/**
 * Tables of the LevelDB kind (https://github.com/google/leveldb/blob/main/doc/table_format.md): sorted keys with values, in
 * blocks whose keys share prefixes, found through an index block that the footer points to.
 */
import { readVarint } from '@shared/formats/protobuf/reader'
import { maskedCrc32c } from '@shared/formats/crc32c'
import { unsnap } from './snappy'

const FOOTER_BYTES = 48
const TRAILER_BYTES = 5
const MAGIC = 0xdb4775248b80fb57n
/** A checkpoint has a key for each tensor. */
const MAX_ENTRIES = 1_000_000

/** Every entry, in the order of the keys. @throws Error with a sentence's end when the table is damaged */
export function readTable(file: Uint8Array): [key: string, value: Uint8Array][] {
  if (file.length < FOOTER_BYTES) throw new RangeError('it is too short for a table')
  const footer = file.subarray(file.length - FOOTER_BYTES)
  const magic = new DataView(footer.buffer, footer.byteOffset).getBigUint64(40, true)
  if (magic !== MAGIC) throw new RangeError('it does not end as a table does')
  // The first handle is that of the meta-index, which nothing needs.
  const [, first] = readHandle(footer, 0)
  const [index] = readHandle(footer, first)
  const entries: [string, Uint8Array][] = []
  for (const [, handle] of readBlock(file, index)) {
    for (const entry of readBlock(file, readHandle(handle, 0)[0])) {
      if (entries.length >= MAX_ENTRIES) throw new RangeError('it has more entries than a checkpoint can have')
      entries.push(entry)
    }
  }
  return entries
}

interface Handle {
  offset: number
  size: number
}

function readHandle(bytes: Uint8Array, place: number): [Handle, next: number] {
  const [offset, after] = readVarint(bytes, place)
  const [size, next] = readVarint(bytes, after)
  return [{ offset, size }, next]
}

/** Blocks are followed by a byte that says how they are compressed, and a checksum of both. */
function readBlock(file: Uint8Array, { offset, size }: Handle): [string, Uint8Array][] {
  if (offset < 0 || size < 4 || offset + size + TRAILER_BYTES > file.length)
    throw new RangeError('a block lies outside')
  const end = offset + size
  const expected = new DataView(file.buffer, file.byteOffset).getUint32(end + 1, true)
  if (maskedCrc32c(file.subarray(offset, end + 1)) !== expected) throw new RangeError('a checksum does not fit')
  const compression = file[end]
  if (compression !== 0 && compression !== 1)
    throw new RangeError(`a block is compressed in the unknown way ${compression}`)
  const block = file.subarray(offset, end)
  return readEntries(compression === 0 ? block : unsnap(block))
}

/** The restart points at the end serve to search; whoever reads everything only needs to know where they begin. */
function readEntries(block: Uint8Array): [string, Uint8Array][] {
  if (block.length < 4) throw new RangeError('a block is too short')
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) throw new RangeError('a block has more restart points than bytes')
  const entries: [string, Uint8Array][] = []
  let key = Buffer.alloc(0)
  for (let place = 0; place < end;) {
    const [shared, second] = readVarint(block, place)
    const [own, third] = readVarint(block, second)
    const [length, start] = readVarint(block, third)
    const valueAt = start + own
    if (shared < 0 || own < 0 || length < 0 || shared > key.length || valueAt + length > end) {
      throw new RangeError('an entry leads outside its block')
    }
    key = Buffer.concat([key.subarray(0, shared), block.subarray(start, valueAt)])
    place = valueAt + length
    entries.push([key.toString('utf8'), block.subarray(valueAt, place)])
  }
  return entries
}
