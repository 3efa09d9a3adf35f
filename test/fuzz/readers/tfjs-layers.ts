import { folderSeed, readModel } from '../model-files'
import type { FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'tfjs-layers',
  seeds: () => Promise.all(['tfjs-layers', 'tfjs-layers-uint8'].map(folderSeed)),
  read: readModel
}
