/** A backbone on its way in, wherever it came from: read, not yet checked, nothing written. */
import type { ModelPorts, ParityCheck, Provenance } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { NetworkGraph } from '../graph'
import type { RecordedAnswer } from '../readers/imported-model'

/** A model that can only be run whole. */
export interface Opaque {
  form: 'onnx' | 'saved-model'
  /** Holds its files, on the same disk as the backbones; they are moved from there. */
  folder: string
  ports: ModelPorts
  featureWidth: number
}

export interface Candidate {
  how: Provenance['how']
  /** What it will be called, unless the user has a name for it. */
  suggestedName: string
  /** Its id, where that is given; else it is made from the name. */
  id?: string
  family: string
  /** Id of the built-in architecture, or null. */
  architecture: string | null
  license: string
  source: string
  /** Name of the file or package. */
  file: string
  sourceFormat: string
  notes: string[]
  /** One of the two is there. */
  graph: NetworkGraph | null
  opaque: Opaque | null
  /** The original's own answer to a picture, when the file brings one. */
  recorded: RecordedAnswer | null
  /** A comparison that the reading itself has made, of the file as it is with its twin. */
  parity: ParityCheck | null
  contract: PreprocessingContract
  contractOrigin: Provenance['contract']
  /** Files to keep beside it, such as a licence. */
  extra: { name: string; content: string }[]
}

/** Told as the work goes on. `total` 0: it cannot be said how much there is to do. */
export type OnProgress = (phase: string, done?: number, total?: number) => void
