/** The archive's own bytes, and archives of damaged contents. */
import { unzipSync, zipSync } from 'fflate'
import { fileSeed, readModel } from '../model-files'
import type { Files, FuzzTarget, Seed } from '../target'

export const target: FuzzTarget = {
  name: 'keras-archive',
  async seeds() {
    const whole = await fileSeed('transfer.keras')
    const parts = unzipSync(whole.files['transfer.keras']!)
    const assembled: Seed = {
      files: parts,
      entry: 'model.keras',
      assemble: (files: Files) => ({ 'model.keras': zipSync(files, { level: 1 }) })
    }
    return [whole, assembled, assembled]
  },
  read: readModel
}
