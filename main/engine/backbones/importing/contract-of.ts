/** What a foreign model was trained to see: known from its architecture, or tried out. */
import type { Provenance } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { Architecture } from '../architectures/architecture'
import type { NetworkGraph } from '../graph'
import type { OnProgress } from './candidate'
import { knownFrom } from './from-architecture'
import type { OpaqueModel } from './opaque-files'

export interface Subject {
  graph: NetworkGraph | null
  opaque: OpaqueModel | null
  size: number
  architecture: Architecture | null
  runtime: RuntimeLocation | null
  threads: number
}

export interface FoundContract {
  contract: PreprocessingContract
  origin: Provenance['contract']
}

export async function contractOf({ size, architecture }: Subject, step: OnProgress): Promise<FoundContract> {
  if (architecture) {
    const { contract, contractOrigin } = knownFrom(architecture)
    return { contract: { ...contract, size }, origin: contractOrigin }
  }
  step('Trying preprocessing contracts')
  return Promise.resolve({
    contract: {
      size,
      colorOrder: 'RGB',
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
      filter: 'bilinear',
      crop: 'center-crop',
      cropFraction: 1
    },
    origin: { from: 'proposed', certainty: 0, reason: 'Nothing was tried.' }
  })
}
