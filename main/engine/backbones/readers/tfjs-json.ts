/** model.json of a TF.js folder: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts, `ModelJSON`. */
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import { readModelFile } from './files'
import { weightsManifestSchema, type WeightsManifest } from './tfjs-weights'

/** Bytes; the largest known hold a few megabytes. */
const MAX_JSON = 128 * 2 ** 20

const modelJsonSchema = z.object({
  format: z.string().nullish(),
  userDefinedMetadata: z.looseObject({ signature: z.unknown().optional() }).nullish(),
  modelTopology: z.record(z.string(), z.unknown()),
  signature: z.unknown().optional(),
  weightsManifest: weightsManifestSchema
})

export interface TfjsModel {
  kind: 'layers' | 'graph'
  topology: Record<string, unknown>
  /** Names a graph's outputs; older files have none, or have it in their own data. */
  signature: unknown
  manifest: WeightsManifest
}

/** @throws StudioError backbone/not-found, backbone/corrupt */
export async function readModelJson(directory: string): Promise<TfjsModel> {
  const path = join(directory, 'model.json')
  const text = (await readModelFile(path, MAX_JSON)).toString('utf8')
  try {
    const { format, modelTopology, weightsManifest, signature, userDefinedMetadata } = modelJsonSchema.parse(
      JSON.parse(text)
    )
    // A converter writes the format; older files are told by what is in them.
    const graph = format === 'graph-model' || (format !== 'layers-model' && 'node' in modelTopology)
    return {
      kind: graph ? 'graph' : 'layers',
      topology: modelTopology,
      signature: signature ?? userDefinedMetadata?.signature,
      manifest: weightsManifest
    }
  } catch (error) {
    const first = error instanceof z.ZodError ? error.issues[0] : undefined
    const why = first ? `${first.path.join('.')}: ${first.message}` : (error as Error).message
    throw new StudioError(
      'backbone/corrupt',
      `'${path}' is not a TF.js model: ${why}.`,
      { directory },
      { cause: error }
    )
  }
}
