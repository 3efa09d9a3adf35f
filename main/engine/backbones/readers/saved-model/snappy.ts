/** Decompresses Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt), as LevelDB blocks use it. */

/** A block of a table holds a few kilobytes. */
const MAX_LENGTH = 64 * 2 ** 20

/** @throws RangeError when the bytes are damaged or claim more than 64 MB */
export function unsnap(bytes: Uint8Array): Uint8Array {
  let place = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[place++]
    if (byte === undefined || shift > 28) throw new RangeError('the compressed length is damaged')
    length += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  if (length > MAX_LENGTH) throw new RangeError(`a block of ${length} bytes is too long`)
  const output = new Uint8Array(length)
  let written = 0
  const little = (count: number): number => {
    let value = 0
    for (let index = 0; index < count; index++) value += (bytes[place + index] ?? 0) * 2 ** (8 * index)
    place += count
    return value
  }
  while (place < bytes.length) {
    const tag = bytes[place++]!
    if ((tag & 3) === 0) {
      const short = tag >>> 2
      const count = (short < 60 ? short : little(short - 59)) + 1
      if (place + count > bytes.length || written + count > length) throw new RangeError('a literal is cut short')
      output.set(bytes.subarray(place, place + count), written)
      place += count
      written += count
      continue
    }
    const near = (tag & 3) === 1
    const count = near ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    const offset = near ? (tag >>> 5) * 256 + little(1) : little((tag & 3) === 2 ? 2 : 4)
    if (offset === 0 || offset > written || written + count > length) throw new RangeError('a copy leads outside')
    // Byte by byte: a copy may overlap what it writes, and then repeats it.
    for (let end = written + count; written < end; written++) output[written] = output[written - offset]!
  }
  if (written !== length) throw new RangeError('the block is cut short')
  return output
}
