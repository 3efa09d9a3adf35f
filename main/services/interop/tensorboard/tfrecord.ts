/**
 * TFRecord, the framing of event files: the length of a record (64 bits, little-endian), its masked CRC-32C, the record, and
 * the record's masked CRC-32C (tensorflow/core/lib/io/record_writer.h).
 */
import { open } from 'node:fs/promises'
import { maskedCrc32c } from '@shared/formats/crc32c'

const HEADER = 12
const FOOTER = 4
const CHUNK = 1 << 20

/** No record of scalars is nearly as long; a longer one is a damaged length. */
const LONGEST_RECORD = 1 << 30

export function tfRecord(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(HEADER + data.length + FOOTER)
  const view = new DataView(whole.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(whole.subarray(0, 8)), true)
  whole.set(data, HEADER)
  view.setUint32(HEADER + data.length, maskedCrc32c(data), true)
  return whole
}

/** Why a file was not read to its end. */
export type RecordsEnd = 'whole' | 'cut-short' | 'damaged'

/**
 * Hands on the records of a file one after another, holding little more than one of them. A file that a training still writes
 * ends in the middle of a record; what comes before counts.
 *
 * @param onRecord gets bytes that stand only until it returns
 * @returns how it ended, and the byte where reading ended
 */
export async function readTfRecords(
  file: string,
  onRecord: (data: Uint8Array) => void
): Promise<{ end: RecordsEnd; at: number }> {
  const handle = await open(file)
  try {
    let held = Buffer.alloc(0)
    let at = 0
    for (;;) {
      const chunk = Buffer.alloc(Math.max(CHUNK, neededBy(held) - held.length))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length)
      if (bytesRead === 0) return { end: held.length === 0 ? 'whole' : 'cut-short', at }
      held = Buffer.concat([held, chunk.subarray(0, bytesRead)])
      let place = 0
      for (;;) {
        const rest = held.subarray(place)
        if (rest.length < HEADER) break
        if (rest.readUInt32LE(8) !== maskedCrc32c(rest.subarray(0, 8))) return { end: 'damaged', at: at + place }
        const length = Number(rest.readBigUInt64LE(0))
        if (length > LONGEST_RECORD) return { end: 'damaged', at: at + place }
        if (rest.length < HEADER + length + FOOTER) break
        const data = rest.subarray(HEADER, HEADER + length)
        if (rest.readUInt32LE(HEADER + length) !== maskedCrc32c(data)) return { end: 'damaged', at: at + place }
        onRecord(data)
        place += HEADER + length + FOOTER
      }
      held = held.subarray(place)
      at += place
    }
  } finally {
    await handle.close()
  }
}

/** Bytes that the record at the beginning takes. */
function neededBy(held: Buffer): number {
  if (held.length < HEADER) return HEADER
  return HEADER + Math.min(LONGEST_RECORD, Number(held.readBigUInt64LE(0))) + FOOTER
}
