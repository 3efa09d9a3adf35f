/**
 * Hyper-parameters in event files, as the plugin 'hparams' keeps them: HParamsPluginData (tensorboard/plugins/hparams/
 * plugin_data.proto) with the settings in SessionStartInfo as google.protobuf.Value, and how it ended in SessionEndInfo.
 */
import type { Scalar } from '@shared/domain/run-annotations'
import { fieldsOf, lastField, readDouble, readMap, readText, textField } from '@shared/formats/protobuf/reader'
import { ProtoMessage } from '@shared/formats/protobuf/writer'
import { pluginEvent, type SummaryValue } from './event'

const PLUGIN = 'hparams'
const START_TAG = '_hparams_/session_start_info'
const END_TAG = '_hparams_/session_end_info'
const DATA = { version: 1, start: 3, end: 4 }
const START = { settings: 1, group: 4, startSeconds: 5 }
const END = { status: 1, endSeconds: 2 }
const VALUE = { nothing: 1, number: 2, text: 3, flag: 4 }
const STATUS = { success: 1, failure: 2 }

export interface Session {
  settings: Record<string, Scalar>
  group: string
  /** Null where the file does not say. */
  failed: boolean | null
}

/** @returns what the value adds to the session; null where it is none of the plugin's. @throws ProtoError */
export function readSession({ plugin }: SummaryValue): Partial<Session> | null {
  if (plugin.name !== PLUGIN) return null
  const start = lastField(plugin.content, DATA.start)?.bytes
  const end = lastField(plugin.content, DATA.end)?.bytes
  if (start) {
    const settings = [...readMap(start, START.settings)].map(([key, value]) => [key, readValue(value)] as const)
    return { settings: Object.fromEntries(settings), group: textField(start, START.group) }
  }
  if (!end) return {}
  const status = lastField(end, END.status)?.value
  return { failed: status === undefined ? null : status === STATUS.failure }
}

/** Lists and structures are none of the values that TensorBoard writes. */
function readValue(bytes: Uint8Array): Scalar {
  let value: Scalar = null
  for (const field of fieldsOf(bytes)) {
    if (field.number === VALUE.number) value = finite(readDouble(field))
    else if (field.number === VALUE.text) value = readText(field.bytes)
    else if (field.number === VALUE.flag) value = field.value !== 0
  }
  return value
}

/** A table's cell knows no NaN. */
const finite = (value: number): Scalar => (Number.isFinite(value) ? value : String(value))

export function sessionStart(at: number, settings: Readonly<Record<string, Scalar>>, group: string): Uint8Array {
  const start = new ProtoMessage()
  for (const [key, value] of Object.entries(settings)) {
    start.message(START.settings, new ProtoMessage().string(1, key).message(2, writeValue(value)))
  }
  start.string(START.group, group).double(START.startSeconds, at / 1000)
  return pluginEvent(at, START_TAG, { name: PLUGIN, content: new ProtoMessage().message(DATA.start, start).encode() })
}

export function sessionEnd(at: number, failed: boolean): Uint8Array {
  const end = new ProtoMessage()
    .int(END.status, failed ? STATUS.failure : STATUS.success)
    .double(END.endSeconds, at / 1000)
  return pluginEvent(at, END_TAG, { name: PLUGIN, content: new ProtoMessage().message(DATA.end, end).encode() })
}

function writeValue(value: Scalar): ProtoMessage {
  const message = new ProtoMessage()
  if (value === null) return message.int(VALUE.nothing, 0)
  if (typeof value === 'number') return message.double(VALUE.number, value)
  return typeof value === 'boolean' ? message.int(VALUE.flag, value ? 1 : 0) : message.string(VALUE.text, value)
}
