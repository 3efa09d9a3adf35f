/** Backbones that a fault needs and that do not come with the studio, made of the embedded one. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackboneDescription } from '../../../shared/domain/backbone'
import { createRandom } from '../../../shared/random'
import { featureExtractor } from '../../../main/engine/backbones/feature-extractor'
import type { WeightTensor } from '../../../main/engine/backbones/graph'
import { hashFiles, loadBackbone } from '../../../main/engine/backbones/load-backbone'
import { countMultiplyAdds, hashWeights } from '../../../main/engine/backbones/measures'
import { networkToOnnx, ONNX_INPUT, ONNX_OUTPUT } from '../../../main/engine/backbones/onnx/network-to-onnx'
import { writeStoredGraph } from '../../../main/engine/backbones/stored/stored-graph'
import { withInputSize } from '../../../main/engine/backbones/transforms'

export const EMBEDDED = 'efficientnet-lite0'
/** The embedded one as a closed ONNX file: nothing of it can learn. */
export const OPAQUE = 'lite0-onnx'
/** The embedded one for pictures of twice the side: four times the work for the same features. */
export const LARGE = 'lite0-448'
/** The same layers with random weights. */
export const RANDOM = 'lite0-random'

const PROVENANCE: NonNullable<BackboneDescription['provenance']> = {
  how: 'import',
  importedAt: 0,
  file: 'made for the suite',
  sourceFormat: 'a copy',
  architecture: null,
  notes: [],
  contract: { from: 'user', certainty: null, reason: 'It is the original.' },
  parity: null
}

/** @param embedded folder of embedded backbones @param folder for the made ones */
export async function makeBackbones(embedded: string, folder: string): Promise<void> {
  const { info, features, graph } = await loadBackbone([embedded], EMBEDDED)
  const write = async (id: string, changes: Partial<BackboneDescription>): Promise<void> => {
    const description = { ...info, id, name: `${info.name} (${id})`, provenance: PROVENANCE, ...changes }
    await writeFile(join(folder, id, 'backbone.json'), JSON.stringify(description))
  }
  await mkdir(join(folder, OPAQUE), { recursive: true })
  const model = join(folder, OPAQUE, 'model.onnx')
  await writeFile(model, networkToOnnx(features!))
  await write(OPAQUE, {
    form: 'onnx',
    trainable: false,
    weightsHash: await hashFiles(model),
    ports: { signature: null, input: ONNX_INPUT, output: ONNX_OUTPUT, layout: 'NHWC', size: info.contract.size }
  })

  await mkdir(join(folder, LARGE), { recursive: true })
  const large = withInputSize(graph!, 2 * info.contract.size)
  await writeStoredGraph(join(folder, LARGE), large)
  const ofLarge = featureExtractor(large)
  await write(LARGE, {
    contract: { ...info.contract, size: 2 * info.contract.size },
    multiplyAdds: countMultiplyAdds(ofLarge),
    weightsHash: hashWeights(ofLarge)
  })

  await mkdir(join(folder, RANDOM), { recursive: true })
  const blank = { ...graph!, weights: new Map([...graph!.weights].map(([key, weight]) => [key, untrained(weight)])) }
  await writeStoredGraph(join(folder, RANDOM), blank)
  await write(RANDOM, {
    weightsHash: hashWeights(featureExtractor(blank)),
    provenance: { ...PROVENANCE, how: 'random' }
  })
}

/** Kernels as a network begins (He et al. 2015); vectors stay. */
function untrained({ shape, data }: WeightTensor): WeightTensor {
  if (shape.length < 2) return { shape, data }
  const random = createRandom(7)
  const deviation = Math.sqrt(2 / (data.length / shape.at(-1)!))
  return { shape, data: data.map(() => deviation * random.normal()) }
}
