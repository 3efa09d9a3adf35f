/**
 * The part of Protocol Buffers' wire format that writing a message takes
 * (https://protobuf.dev/programming-guides/encoding/): varints, floats, and length-delimited bytes, strings and
 * sub-messages. Packed repeated fields are used for numbers, as proto3 does.
 */

const WIRE_VARINT = 0
const WIRE_64_BIT = 1
const WIRE_LENGTH_DELIMITED = 2
const WIRE_32_BIT = 5

const text = new TextEncoder()

/** One message under construction. Large byte fields are kept by reference and copied once, in `bytes()`. */
export class ProtoMessage {
  private readonly chunks: Uint8Array[] = []
  private length = 0

  /** int32, int64 and enum fields; negative values take ten bytes, as the format has it. */
  int(field: number, value: number | bigint): this {
    return this.push(varint(tag(field, WIRE_VARINT))).push(varint(value))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.push(varint(tag(field, WIRE_32_BIT))).push(bytes)
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value, true)
    return this.push(varint(tag(field, WIRE_64_BIT))).push(bytes)
  }

  bytes(field: number, value: Uint8Array): this {
    return this.push(varint(tag(field, WIRE_LENGTH_DELIMITED)))
      .push(varint(value.length))
      .push(value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, text.encode(value))
  }

  message(field: number, value: ProtoMessage): this {
    this.push(varint(tag(field, WIRE_LENGTH_DELIMITED))).push(varint(value.length))
    for (const chunk of value.chunks) this.push(chunk)
    return this
  }

  /** A packed repeated int32 or int64. */
  ints(field: number, values: readonly (number | bigint)[]): this {
    return this.bytes(field, concatenate(values.map(varint)))
  }

  /** A packed repeated float. */
  floats(field: number, values: readonly number[]): this {
    const bytes = new Uint8Array(4 * values.length)
    const view = new DataView(bytes.buffer)
    values.forEach((value, index) => view.setFloat32(4 * index, value, true))
    return this.bytes(field, bytes)
  }

  encode(): Uint8Array {
    return concatenate(this.chunks, this.length)
  }

  private push(chunk: Uint8Array): this {
    this.chunks.push(chunk)
    this.length += chunk.length
    return this
  }
}

const tag = (field: number, wireType: number): number => field * 8 + wireType

/** Base 128, least significant group first; the top bit says that more follows. */
export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

function concatenate(
  chunks: readonly Uint8Array[],
  length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
): Uint8Array {
  const whole = new Uint8Array(length)
  let place = 0
  for (const chunk of chunks) {
    whole.set(chunk, place)
    place += chunk.length
  }
  return whole
}
