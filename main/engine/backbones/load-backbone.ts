/** Backbones as they lie in a folder: one sub-folder each, with `backbone.json` beside the model. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backboneDescriptionSchema, type BackboneDescription } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { NetworkGraph } from './graph'
import { readLayersModel } from './layers-model'
import { hashWeights } from './measures'
import { featureExtractor } from './transforms'

const DESCRIPTION = 'backbone.json'

export interface LoadedBackbone {
  info: BackboneDescription
  /** As it came, with the ImageNet top. */
  graph: NetworkGraph
  /** From the picture to the pooled features; batch-norm not folded. Its weights are those of `graph`. */
  features: NetworkGraph
}

/**
 * Reads description and weights, and compares the weights' hash with the description's.
 * @throws StudioError backbone/not-found, backbone/corrupt, backbone/unsupported-layer
 */
export async function loadBackbone(backbonesDirectory: string, id: string): Promise<LoadedBackbone> {
  // An id is the name of a folder; anything else, such as '../..', must not reach the file system.
  const info = /^[\w.-]+$/.test(id) && !id.startsWith('.') ? await readDescription(backbonesDirectory, id) : null
  if (!info) throw new StudioError('backbone/not-found', `There is no backbone '${id}'.`, { id })
  const graph = await readLayersModel(join(backbonesDirectory, id))
  const features = featureExtractor(graph)
  const hash = hashWeights(features)
  if (hash !== info.weightsHash) {
    throw new StudioError(
      'backbone/corrupt',
      `The weights of '${info.name}' are not those that its description names.`,
      {
        id,
        expected: info.weightsHash,
        actual: hash
      }
    )
  }
  return { info, graph, features }
}

async function readDescription(backbonesDirectory: string, id: string): Promise<BackboneDescription | null> {
  const path = join(backbonesDirectory, id, DESCRIPTION)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
  try {
    const description = backboneDescriptionSchema.parse(JSON.parse(text))
    if (description.id !== id) throw new Error(`its id is '${description.id}', its folder '${id}'`)
    return description
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message
    throw new StudioError(
      'backbone/corrupt',
      `'${path}' does not describe a backbone: ${why}.`,
      { path },
      { cause: error }
    )
  }
}
