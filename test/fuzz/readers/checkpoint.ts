import { varint } from '@shared/formats/protobuf/writer'
import { maskedCrc32c } from '@shared/formats/crc32c'
import { folderFiles } from '../../../main/engine/backbones/readers/saved-model/model-files'
import { readTable } from '../../../main/engine/backbones/readers/saved-model/table'
import { readCheckpoint } from '../../../main/engine/backbones/readers/saved-model/tensor-bundle'
import { namedVariables } from '../../../main/engine/backbones/readers/saved-model/variables'
import { foreignFolder } from '../foreign-models'
import type { Files, FuzzTarget, Seed } from '../target'

const DATA = 'variables.data-00000-of-00001'

/** Entries without shared prefixes, and one restart point. */
function blockOf(entries: readonly (readonly [string, Uint8Array])[]): Buffer {
  const parts = entries.flatMap(([key, value]) => [
    varint(0),
    varint(Buffer.byteLength(key)),
    varint(value.length),
    Buffer.from(key),
    value
  ])
  return Buffer.concat([...parts, Buffer.from([0, 0, 0, 0, 1, 0, 0, 0])])
}

/** A table around a block whose checksums fit, so that damage gets past them. */
function tableOf(block: Uint8Array, compression: number): Buffer {
  const sealed = (bytes: Uint8Array, kind: number): Buffer => {
    const checked = Buffer.concat([bytes, Buffer.from([kind])])
    const sum = Buffer.alloc(4)
    sum.writeUInt32LE(maskedCrc32c(checked))
    return Buffer.concat([checked, sum])
  }
  const first = sealed(block, compression)
  const index = blockOf([['~', Buffer.concat([varint(0), varint(block.length)])]])
  const handles = Buffer.concat([varint(0), varint(0), varint(first.length), varint(index.length)])
  const footer = Buffer.alloc(48)
  handles.copy(footer)
  footer.writeBigUInt64LE(0xdb4775248b80fb57n, 40)
  return Buffer.concat([first, sealed(index, 0), footer])
}

/** Snappy of one literal. */
function snapped(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(3)
  length[0] = 61 << 2
  length.writeUInt16LE(bytes.length - 1, 1)
  return Buffer.concat([varint(bytes.length), length, bytes])
}

export const target: FuzzTarget = {
  name: 'checkpoint',
  seeds: async (): Promise<Seed[]> => {
    const folder = await foreignFolder('tf-save')
    const [index, data] = [folder['variables/variables.index']!, folder[`variables/${DATA}`]!]
    const block = blockOf(readTable(index))
    const withTable = (name: string, compression: number) => (files: Files) => ({
      'variables.index': tableOf(files[name]!, compression),
      [DATA]: files[DATA]!
    })
    return [
      { files: { 'variables.index': index, [DATA]: data }, entry: '' },
      { files: { block, [DATA]: data }, assemble: withTable('block', 0), entry: '' },
      { files: { snapped: snapped(block), [DATA]: data }, assemble: withTable('snapped', 1), entry: '' }
    ]
  },
  async read(path) {
    const checkpoint = await readCheckpoint(await folderFiles(path), 'variables')
    for (const { floats } of await namedVariables(checkpoint, [])) await floats()
  }
}
