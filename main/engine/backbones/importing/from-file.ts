/** A backbone out of a file or folder that the user has, in any format that a reader knows. */
import { basename } from 'node:path'
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { detectAndRead } from '../readers'
import type { Candidate, OnProgress } from './candidate'

export interface FileSource {
  path: string
  /** Id of the built-in architecture to match the weights onto; null: told by the file. */
  architecture: string | null
  asIs: boolean
  runtime: RuntimeLocation | null
  threads: number
}

/** @throws StudioError backbone/* as the readers do */
export async function fromFile({ path }: FileSource, step: OnProgress): Promise<Candidate> {
  step('Reading the model')
  const { graph, notes, recorded, sourceFormat, suggestedName } = await detectAndRead(path)
  const input = graph?.nodes.find((node) => node.op === 'input')
  if (!graph || input?.op !== 'input')
    throw new StudioError('backbone/corrupt', `'${path}' takes no picture.`, { path })
  const file = basename(path)
  return {
    how: 'import',
    suggestedName,
    family: 'Other',
    architecture: null,
    license: 'Not stated',
    source: `${file} (${sourceFormat})`,
    file,
    sourceFormat,
    notes,
    graph,
    opaque: null,
    recorded,
    parity: null,
    contract: {
      size: input.height,
      colorOrder: 'RGB',
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
      filter: 'bilinear',
      crop: 'center-crop',
      cropFraction: 1
    },
    contractOrigin: { from: 'proposed', certainty: 0, reason: 'Nothing was tried.' },
    extra: []
  }
}
