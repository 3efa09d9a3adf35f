/** A finished run, ready to predict. */
import type { ImagePrediction } from '@shared/domain/prediction'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { NetworkGraph } from '../backbones/graph'
import { loadBackbone } from '../backbones/load-backbone'
import type { Executor, FrozenNetwork } from '../executors/executor'
import { withInputSize } from '../backbones/transforms'
import { applyCheckpoint, readCheckpoint } from './checkpoint'

export interface TrainedNetwork {
  classes: readonly string[]
  contract: PreprocessingContract
  network: FrozenNetwork
}

/**
 * The graph of a finished run, from the picture to the logits.
 * @throws StudioError backbone/not-found, backbone/corrupt, run/no-checkpoint
 */
export async function trainedGraph(model: TrainedModel, backbonesDirectory: string): Promise<NetworkGraph> {
  const [{ features }, tensors] = await Promise.all([
    loadBackbone(backbonesDirectory, model.backboneId),
    readCheckpoint(model.checkpointFile)
  ])
  return applyCheckpoint(withInputSize(features, model.contract.size), tensors)
}

/** @throws StudioError as trainedGraph, and backbone/corrupt when head and classes differ in number */
export async function loadTrainedNetwork(
  model: TrainedModel,
  backbonesDirectory: string,
  executor: Executor
): Promise<TrainedNetwork> {
  const network = await executor.load(await trainedGraph(model, backbonesDirectory))
  const [units] = network.outputShape
  if (units !== model.classes.length) {
    await network.dispose()
    const message = `The checkpoint of '${model.runName}' has ${units} outputs for ${model.classes.length} classes.`
    throw new StudioError('backbone/corrupt', message, { runId: model.runId })
  }
  return { classes: model.classes, contract: model.contract, network }
}

/** Numerically stable: the largest logit is taken off first. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((max, value) => Math.max(max, value), -Infinity)
  const exponentials = logits.map((value) => Math.exp(value - largest))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map((value) => value / sum)
}

/** The `count` most probable classes, most probable first. */
export function topGuesses(logits: Float32Array, classes: readonly string[], count: number): ImagePrediction['top'] {
  return [...softmax(logits)]
    .map((probability, index) => ({ label: classes[index]!, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count)
}
