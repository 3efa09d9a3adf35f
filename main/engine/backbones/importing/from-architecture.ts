/** A built-in architecture with weights that were never trained: what pretraining is worth, seen by its absence. */
import { StudioError } from '@shared/errors'
import { ARCHITECTURES } from '../architectures'
import type { Architecture } from '../architectures/architecture'
import { randomWeights } from '../architectures/weights'
import type { Candidate } from './candidate'

/** @throws StudioError backbone/unknown-architecture */
export function findArchitecture(id: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.id === id)
  if (found) return found
  const known = ARCHITECTURES.map((architecture) => architecture.id)
  throw new StudioError(
    'backbone/unknown-architecture',
    `There is no architecture '${id}'. There are: ${known.join(', ')}.`,
    { architecture: id, known }
  )
}

/** What follows from the architecture alone. */
export const knownFrom = ({ id, name, contract }: Architecture) => ({
  architecture: id,
  contract,
  contractOrigin: {
    from: 'architecture' as const,
    certainty: null,
    reason: `What the published weights of ${name} were trained on.`
  }
})

/**
 * @param size side of the pictures it is built for; null: that of the published weights
 * @throws StudioError backbone/unknown-architecture
 */
export function fromArchitecture(id: string, seed: number, size: number | null = null): Candidate {
  const architecture = findArchitecture(id)
  const known = knownFrom(architecture)
  const side = size ?? known.contract.size
  const own = side === known.contract.size
  const at = own ? '' : ` at ${side}`
  return {
    how: 'random',
    suggestedName: `${architecture.name}${at}, untrained`,
    family: architecture.family,
    ...known,
    contract: { ...known.contract, size: side },
    contractOrigin: own
      ? known.contractOrigin
      : { ...known.contractOrigin, reason: `That of ${architecture.name}, but for the size that was asked for.` },
    license: 'None: the weights are random',
    source: `${architecture.name} with random weights (seed ${seed})`,
    file: architecture.id,
    sourceFormat: 'Random weights',
    notes: ['These weights were never trained: fine-tune all of it, or expect chance.'],
    graph: architecture.build({ weights: randomWeights(seed), classes: null, size: side }),
    opaque: null,
    recorded: null,
    parity: null,
    extra: []
  }
}
