/** Networks that are explained in the tests, out of graphs. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackboneDescription } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { encodeSafetensors, type SafeTensor } from '@shared/formats/safetensors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import type { LoadedBackbone } from '../../../main/engine/backbones/load-backbone'

export const squareContract = (size: number, crop: PreprocessingContract['crop']): PreprocessingContract => ({
  size,
  colorOrder: 'RGB',
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
  filter: 'bilinear',
  crop,
  cropFraction: 1
})

/** @param opaque as a model in a foreign form is: it runs, and its layers are not known */
export function backboneOf(features: NetworkGraph, contract: PreprocessingContract, opaque = false): LoadedBackbone {
  const info = { id: 'test', name: 'Test', form: opaque ? 'onnx' : 'graph', contract } as BackboneDescription
  const shown = opaque ? null : features
  return { info, graph: shown, features: shown, openFeatures: (executor, use) => executor.load(features, use) }
}

export async function modelWith(
  folder: string,
  head: ReadonlyMap<string, SafeTensor>,
  contract: PreprocessingContract,
  classes: string[]
): Promise<TrainedModel> {
  const checkpointFile = join(folder, `${classes.join('-')}-${head.size}.safetensors`)
  await writeFile(checkpointFile, encodeSafetensors(new Map(head)))
  return { runId: 'r', runName: 'A run', backboneId: 'test', classes, contract, checkpointFile, temperature: 1 }
}
