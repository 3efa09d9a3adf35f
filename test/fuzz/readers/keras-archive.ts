/** The archive's own bytes, and archives of damaged contents: of a usual model, and of one with every layer that is known. */
import { unzipSync, zipSync } from 'fflate'
import { fileSeed, readModel } from '../model-files'
import type { Files, FuzzTarget, Seed } from '../target'

export const target: FuzzTarget = {
  name: 'keras-archive',
  async seeds() {
    const [usual, every] = await Promise.all(['transfer.keras', 'every-layer.keras'].map(fileSeed))
    return [usual!, contentsOf(usual!), contentsOf(usual!), contentsOf(every!)]
  },
  read: readModel
}

const contentsOf = ({ files, entry }: Seed): Seed => ({
  files: unzipSync(files[entry]!),
  entry: 'model.keras',
  assemble: (parts: Files) => ({ 'model.keras': zipSync(parts, { level: 1 }) })
})
