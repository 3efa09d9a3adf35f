import { readModel, fileSeed } from '../model-files'
import type { FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'keras-h5',
  seeds: () => Promise.all(['transfer.h5', 'plain-classic-weights.h5', 'plain.weights.h5'].map(fileSeed)),
  read: readModel
}
