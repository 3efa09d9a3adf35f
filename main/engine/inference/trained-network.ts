/** A finished run, ready to predict. */
import type { ImagePrediction } from '@shared/domain/prediction'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { NetworkGraph } from '../backbones/graph'
import { atInputSize, layersOf, loadBackbone, type LoadedBackbone } from '../backbones/load-backbone'
import type { Executor, FrozenNetwork, NetworkUse } from '../executors/executor'
import { applyCheckpoint, readCheckpoint, readHead } from './checkpoint'
import { rangesBeside } from '../training/frozen-precision'
import { withHead } from './with-head'

export interface TrainedNetwork {
  classes: readonly string[]
  contract: PreprocessingContract
  /** Of the run's calibration. */
  temperature: number
  /** Gives logits. */
  network: FrozenNetwork
}

/**
 * The graph of a finished run, from the picture to the logits.
 * @throws StudioError backbone/not-found, backbone/corrupt, backbone/opaque, run/no-checkpoint
 */
export async function trainedGraph(
  model: TrainedModel,
  backbonesDirectories: readonly string[]
): Promise<NetworkGraph> {
  const backbone = await loadBackbone(backbonesDirectories, model.backboneId)
  const features = layersOf(atInputSize(backbone, model.contract.size), 'The whole network as layers')
  return applyCheckpoint(features, await readCheckpoint(model.checkpointFile))
}

/** @throws StudioError backbone/*, run/no-checkpoint, and backbone/corrupt when head and classes differ in number */
export async function loadTrainedNetwork(
  model: TrainedModel,
  backbone: LoadedBackbone,
  executor: Executor,
  use: NetworkUse = 'single'
): Promise<TrainedNetwork> {
  const tensors = await readCheckpoint(model.checkpointFile)
  const sized = atInputSize(backbone, model.contract.size)
  const network = sized.features
    ? await executor.load(applyCheckpoint(sized.features, tensors), use, await rangesBeside(model.checkpointFile))
    : withHead(await sized.openFeatures(executor, use), readHead(tensors))
  const [units] = network.outputShape
  if (units !== model.classes.length) {
    await network.dispose()
    const message = `The checkpoint of '${model.runName}' has ${units} outputs for ${model.classes.length} classes.`
    throw new StudioError('backbone/corrupt', message, { runId: model.runId })
  }
  return { classes: model.classes, contract: model.contract, temperature: model.temperature, network }
}

/** Of logits divided by a temperature. Numerically stable: the largest logit is taken off first. */
export function softmax(logits: Float32Array, temperature = 1): Float32Array {
  const largest = logits.reduce((max, value) => Math.max(max, value), -Infinity)
  const exponentials = logits.map((value) => Math.exp((value - largest) / temperature))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map((value) => value / sum)
}

/** The `count` most probable classes, most probable first. */
export function topGuesses(
  logits: Float32Array,
  { classes, temperature }: Pick<TrainedNetwork, 'classes' | 'temperature'>,
  count: number
): ImagePrediction['top'] {
  return [...softmax(logits, temperature)]
    .map((probability, index) => ({ label: classes[index]!, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count)
}
