import { folderSeed, readModel } from '../model-files'
import type { FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'tfjs-graph',
  seeds: () =>
    Promise.all(['tfjs-graph', 'tfjs-graph-hard-swish', 'tfjs-graph-uint16', 'tfjs-graph-float16'].map(folderSeed)),
  read: readModel
}
