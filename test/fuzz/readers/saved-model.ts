import { foreignFolder, readWhole } from '../foreign-models'
import type { FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'saved-model',
  seeds: async () => [
    { files: await foreignFolder('keras-export'), entry: '' },
    { files: await foreignFolder('tf-save'), entry: '' }
  ],
  read: readWhole
}
