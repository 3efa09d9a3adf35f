/** CRC-32C (Castagnoli), the checksum of LevelDB tables, TensorFlow checkpoints and TFRecord files, and how they mask it. */

/** Eight tables, so that eight bytes take one step (Kounavis & Berry 2005, slicing by 8). */
const TABLES = makeTables()

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
    return value >>> 0
  })
  const tables = [first]
  for (let index = 1; index < 8; index++) {
    const before = tables[index - 1]!
    tables.push(before.map((value) => first[value & 255]! ^ (value >>> 8)))
  }
  return tables
}

/** @returns unsigned. */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [...Uint32Array[]] & Record<number, Uint32Array>
  let crc = 0xffffffff
  let place = 0
  for (const end = bytes.length - 7; place < end; place += 8) {
    const low = crc ^ (bytes[place]! | (bytes[place + 1]! << 8) | (bytes[place + 2]! << 16) | (bytes[place + 3]! << 24))
    crc =
      t7![low & 255]! ^
      t6![(low >>> 8) & 255]! ^
      t5![(low >>> 16) & 255]! ^
      t4![low >>> 24]! ^
      t3![bytes[place + 4]!]! ^
      t2![bytes[place + 5]!]! ^
      t1![bytes[place + 6]!]! ^
      t0![bytes[place + 7]!]!
  }
  for (; place < bytes.length; place++) crc = t0![(crc ^ bytes[place]!) & 255]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** A checksum as it is stored: of bytes that hold checksums themselves, a plain one would be weak (LevelDB, crc32c.h). */
export const maskedCrc32c = (bytes: Uint8Array): number => mask(crc32c(bytes))

const mask = (crc: number): number => ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0
