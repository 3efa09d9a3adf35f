/** Changes to a message that is already encoded; what is not changed keeps its bytes. */
import { varint } from '@shared/formats/protobuf/writer'
import { fieldsOf } from '@shared/formats/protobuf/reader'

/** @param edit of each message in the given field; the same bytes back leave it as it is. @throws ProtoError */
export function rewriteField(
  message: Uint8Array,
  number: number,
  edit: (message: Uint8Array) => Uint8Array
): Uint8Array {
  const parts: Uint8Array[] = []
  let changed = false
  for (const field of fieldsOf(message)) {
    const edited = field.number === number ? edit(field.bytes) : field.bytes
    if (edited === field.bytes) parts.push(field.raw)
    else {
      changed = true
      parts.push(varint(number * 8 + 2), varint(edited.length), edited)
    }
  }
  return changed ? Buffer.concat(parts) : message
}
