/** The files of a TF.js LayersModel: model.json and its shards. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NetworkGraph } from '../backbones/graph'
import { serializeNetwork } from './layers-topology'

/** As TF.js' own converter cuts them: small enough for a browser to fetch several at once and cache each. */
const SHARD_BYTES = 4 * 2 ** 20

/**
 * Weights are stored as float32, exactly as they are.
 * @param directory exists.
 * @returns the names of the files written.
 */
export async function writeLayersModel(
  graph: NetworkGraph,
  directory: string,
  metadata: Record<string, unknown>
): Promise<string[]> {
  const { topology, weights } = serializeNetwork(graph)
  const bytes = Buffer.concat(
    weights.map(({ tensor: { data } }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  )
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES))
  const paths = Array.from({ length: count }, (_, index) => `group1-shard${index + 1}of${count}.bin`)
  for (const [index, path] of paths.entries()) {
    await writeFile(join(directory, path), bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES))
  }
  const document = {
    format: 'layers-model',
    generatedBy: 'Whetstone',
    convertedBy: null,
    modelTopology: topology,
    userDefinedMetadata: metadata,
    weightsManifest: [
      {
        paths,
        weights: weights.map(({ name, tensor }) => ({ name, shape: tensor.shape, dtype: 'float32' }))
      }
    ]
  }
  await writeFile(join(directory, 'model.json'), JSON.stringify(document))
  return ['model.json', ...paths]
}
