/**
 * The reading side of Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/). What a message's
 * fields mean is said where they are read; unknown ones are passed over, as the format has it.
 */

export interface ProtoField {
  number: number
  /** Of a varint, a 32-bit or a 64-bit field: as a signed 64-bit integer, exact up to 2^53. */
  value: number
  /** Of a length-delimited field: bytes, a string, a message or packed numbers. Empty for the others. */
  bytes: Uint8Array
  /** The field as the message holds it. */
  raw: Uint8Array
}

/** Thrown for bytes that are no message; readers turn it into a coded error that names the file. */
export class ProtoError extends Error {}

const EMPTY = new Uint8Array(0)
const utf8 = new TextDecoder()

/** The fields of one message, in the order of the file. @throws ProtoError */
export function* fieldsOf(bytes: Uint8Array): Generator<ProtoField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let place = 0
  while (place < bytes.length) {
    const begin = place
    const [tag, after] = readVarint(bytes, place)
    place = after
    const number = Math.floor(tag / 8)
    if (number < 1 || number > 536_870_911) throw new ProtoError(`no field has the number ${number}`)
    switch (tag % 8) {
      case 0: {
        const [value, end] = readVarint(bytes, place)
        place = end
        yield { number, value, bytes: EMPTY, raw: bytes.subarray(begin, place) }
        break
      }
      case 1:
        if (place + 8 > bytes.length) throw cutShort()
        place += 8
        yield {
          number,
          value: Number(view.getBigInt64(place - 8, true)),
          bytes: EMPTY,
          raw: bytes.subarray(begin, place)
        }
        break
      case 2: {
        const [length, start] = readVarint(bytes, place)
        if (length < 0 || start + length > bytes.length) throw cutShort()
        place = start + length
        yield { number, value: 0, bytes: bytes.subarray(start, place), raw: bytes.subarray(begin, place) }
        break
      }
      case 5:
        if (place + 4 > bytes.length) throw cutShort()
        place += 4
        yield { number, value: view.getUint32(place - 4, true), bytes: EMPTY, raw: bytes.subarray(begin, place) }
        break
      default:
        throw new ProtoError(`field ${number} is of a kind that is not in use`)
    }
  }
}

/** The fields with one number. @throws ProtoError */
export function* fieldsNumbered(bytes: Uint8Array, number: number): Generator<ProtoField> {
  for (const field of fieldsOf(bytes)) if (field.number === number) yield field
}

/** Of a field that occurs more than once the last counts. @throws ProtoError */
export function lastField(bytes: Uint8Array, number: number): ProtoField | null {
  let last: ProtoField | null = null
  for (const field of fieldsNumbered(bytes, number)) last = field
  return last
}

/** Of a 64-bit field that holds a double. */
export const readDouble = ({ raw }: ProtoField): number => {
  const end = raw.byteOffset + raw.byteLength
  return new DataView(raw.buffer, end - 8, 8).getFloat64(0, true)
}

/** Of a 32-bit field that holds a float. */
export const readFloat = ({ raw }: ProtoField): number => {
  const end = raw.byteOffset + raw.byteLength
  return new DataView(raw.buffer, end - 4, 4).getFloat32(0, true)
}

export const readText = (bytes: Uint8Array): string => utf8.decode(bytes)

/** A text field, or '' where it is missing. @throws ProtoError */
export const textField = (bytes: Uint8Array, number: number): string =>
  readText(lastField(bytes, number)?.bytes ?? EMPTY)

/** A `map<string, message>`: entries are messages of key (1) and value (2). @throws ProtoError */
export function readMap(bytes: Uint8Array, number: number): Map<string, Uint8Array> {
  const map = new Map<string, Uint8Array>()
  for (const { bytes: entry } of fieldsNumbered(bytes, number)) {
    map.set(textField(entry, 1), lastField(entry, 2)?.bytes ?? EMPTY)
  }
  return map
}

/**
 * Base 128, least significant group first.
 * @returns as a signed 64-bit integer, and the place after it. @throws ProtoError
 */
export function readVarint(bytes: Uint8Array, place: number): [value: number, next: number] {
  let value = 0
  // Up to 49 bits a double is exact; most are shorter.
  for (let index = 0, factor = 1; index < 7; index++, factor *= 128) {
    const byte = bytes[place + index]
    if (byte === undefined) throw cutShort()
    value += (byte & 127) * factor
    if (byte < 128) return [value, place + index + 1]
  }
  let whole = BigInt(value)
  for (let index = 7; index < 10; index++) {
    const byte = bytes[place + index]
    if (byte === undefined) throw cutShort()
    whole += BigInt(byte & 127) << BigInt(7 * index)
    if (byte < 128) return [Number(BigInt.asIntN(64, whole)), place + index + 1]
  }
  throw new ProtoError('a number is longer than 64 bits')
}

const cutShort = (): ProtoError => new ProtoError('the message is cut short')
