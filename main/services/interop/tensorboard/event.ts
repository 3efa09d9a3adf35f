/**
 * The event of an event file, as far as scalars and hyper-parameters go: fields of tensorflow.Event (event.proto), Summary
 * (summary.proto) and TensorProto (tensor.proto). TensorFlow 1 and PyTorch write scalars as `simple_value`, TensorFlow 2 as a
 * tensor of rank 0 for the plugin 'scalars'; both are read.
 */
import { fromHalf } from '@shared/formats/half'
import {
  fieldsNumbered,
  fieldsOf,
  lastField,
  readDouble,
  readFloat,
  readVarint,
  textField
} from '@shared/formats/protobuf/reader'
import { ProtoMessage } from '@shared/formats/protobuf/writer'

const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 }
const SUMMARY_VALUE = 1
const VALUE = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 }
const METADATA_PLUGIN = 1
const PLUGIN = { name: 1, content: 2 }
const TENSOR = { type: 1, content: 4, floats: 5, doubles: 6, ints: 7, longs: 10, halves: 13 }
/** types.proto */
const TYPE = { float: 1, double: 2, int32: 3, int64: 9, bfloat16: 14, half: 19 }

export interface SummaryValue {
  tag: string
  /** Null where it is no scalar: a histogram, a picture, a text. */
  scalar: number | null
  /** Name of the plugin that reads it, with what the plugin wrote about it; '' where none is named. */
  plugin: { name: string; content: Uint8Array }
}

export interface Event {
  /** Milliseconds since 1970. */
  at: number
  step: number
  values: SummaryValue[]
}

/** @throws ProtoError */
export function parseEvent(bytes: Uint8Array): Event {
  const event: Event = { at: 0, step: 0, values: [] }
  for (const field of fieldsOf(bytes)) {
    if (field.number === EVENT.wallTime) event.at = readDouble(field) * 1000
    else if (field.number === EVENT.step) event.step = field.value
    else if (field.number === EVENT.summary) {
      for (const { bytes: value } of fieldsNumbered(field.bytes, SUMMARY_VALUE)) event.values.push(parseValue(value))
    }
  }
  return event
}

function parseValue(bytes: Uint8Array): SummaryValue {
  const simple = lastField(bytes, VALUE.simpleValue)
  const tensor = lastField(bytes, VALUE.tensor)
  const metadata = lastField(bytes, VALUE.metadata)?.bytes
  const plugin = metadata && lastField(metadata, METADATA_PLUGIN)?.bytes
  return {
    tag: textField(bytes, VALUE.tag),
    scalar: simple ? readFloat(simple) : tensor ? scalarOf(tensor.bytes) : null,
    plugin: plugin
      ? { name: textField(plugin, PLUGIN.name), content: lastField(plugin, PLUGIN.content)?.bytes ?? new Uint8Array() }
      : { name: '', content: new Uint8Array() }
  }
}

/** Of a tensor with one number in it, whichever way it is written down; null for any other. */
function scalarOf(tensor: Uint8Array): number | null {
  const type = lastField(tensor, TENSOR.type)?.value
  const content = lastField(tensor, TENSOR.content)?.bytes
  if (content && content.length > 0) return fromContent(type, content)
  const packed = (number: number): Uint8Array | null => lastField(tensor, number)?.bytes ?? null
  switch (type) {
    case TYPE.float:
      return fromPacked(tensor, TENSOR.floats, 4, (view) => view.getFloat32(0, true), readFloat)
    case TYPE.double:
      return fromPacked(tensor, TENSOR.doubles, 8, (view) => view.getFloat64(0, true), readDouble)
    case TYPE.int32:
    case TYPE.int64:
    case TYPE.half:
    case TYPE.bfloat16: {
      const number = type === TYPE.int64 ? TENSOR.longs : type === TYPE.int32 ? TENSOR.ints : TENSOR.halves
      const bytes = packed(number)
      const whole = bytes?.length ? readVarint(bytes, 0)[0] : lastField(tensor, number)?.value
      if (whole === undefined) return null
      return type === TYPE.half ? fromHalf(whole) : type === TYPE.bfloat16 ? floatOfBrain(whole) : whole
    }
    default:
      return null
  }
}

/** A repeated number is packed into bytes by newer writers, and a field of its own with older ones. */
function fromPacked(
  tensor: Uint8Array,
  number: number,
  size: number,
  read: (view: DataView) => number,
  readField: typeof readFloat
): number | null {
  const field = lastField(tensor, number)
  if (!field) return null
  if (field.bytes.length === 0) return readField(field)
  return field.bytes.length === size ? read(viewOf(field.bytes)) : null
}

function fromContent(type: number | undefined, bytes: Uint8Array): number | null {
  const view = viewOf(bytes)
  const one = (size: number, read: () => number): number | null => (bytes.length === size ? read() : null)
  switch (type) {
    case TYPE.float:
      return one(4, () => view.getFloat32(0, true))
    case TYPE.double:
      return one(8, () => view.getFloat64(0, true))
    case TYPE.int32:
      return one(4, () => view.getInt32(0, true))
    case TYPE.int64:
      return one(8, () => Number(view.getBigInt64(0, true)))
    case TYPE.half:
      return one(2, () => fromHalf(view.getUint16(0, true)))
    case TYPE.bfloat16:
      return one(2, () => floatOfBrain(view.getUint16(0, true)))
    default:
      return null
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** bfloat16 is the upper half of a float32. */
const floatOfBrain = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!

/** @param at milliseconds since 1970 */
function newEvent(at: number, step: number): ProtoMessage {
  return new ProtoMessage().double(EVENT.wallTime, at / 1000).int(EVENT.step, step)
}

/** The first event of a file, by which readers know what it is. */
export const versionEvent = (at: number): Uint8Array =>
  newEvent(at, 0).string(EVENT.fileVersion, 'brain.Event:2').encode()

/** Values of one step. They are written as float32, as `simple_value` is: every reader since TensorFlow 1 knows it. */
export function scalarEvent(at: number, step: number, values: readonly { tag: string; value: number }[]): Uint8Array {
  const summary = new ProtoMessage()
  for (const { tag, value } of values) {
    summary.message(SUMMARY_VALUE, new ProtoMessage().string(VALUE.tag, tag).float(VALUE.simpleValue, value))
  }
  return newEvent(at, step).message(EVENT.summary, summary).encode()
}

/** What a plugin wrote about a tag, without a value of its own. */
export function pluginEvent(at: number, tag: string, plugin: { name: string; content: Uint8Array }): Uint8Array {
  const data = new ProtoMessage().string(PLUGIN.name, plugin.name).bytes(PLUGIN.content, plugin.content)
  const value = new ProtoMessage()
    .string(VALUE.tag, tag)
    .message(VALUE.metadata, new ProtoMessage().message(METADATA_PLUGIN, data))
  return newEvent(at, 0).message(EVENT.summary, new ProtoMessage().message(SUMMARY_VALUE, value)).encode()
}
