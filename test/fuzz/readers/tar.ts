import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { foreignFolder, readWhole } from '../foreign-models'
import type { FuzzTarget, Seed } from '../target'

async function archive(): Promise<Buffer> {
  const parts = pack()
  for (const [name, bytes] of Object.entries(await foreignFolder('keras-export'))) {
    parts.entry({ name: `model/${name}` }, Buffer.from(bytes))
  }
  parts.finalize()
  return buffer(parts)
}

export const target: FuzzTarget = {
  name: 'tar',
  seeds: async (): Promise<Seed[]> => {
    const plain = await archive()
    return [
      { files: { 'model.tar': plain }, entry: 'model.tar' },
      { files: { 'model.tar.gz': gzipSync(plain) }, entry: 'model.tar.gz' },
      {
        files: { 'model.tar': plain },
        assemble: (files) => ({ 'model.tar.gz': gzipSync(files['model.tar']!, { level: 1 }) }),
        entry: 'model.tar.gz'
      }
    ]
  },
  read: readWhole
}
