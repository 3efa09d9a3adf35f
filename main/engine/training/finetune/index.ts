/**
 * Fine-tuning: the last blocks of a backbone, or all of them, learn together with the head. What is frozen runs on the executor
 * for frozen networks; what learns runs on TensorFlow's own kernels.
 */
import { splitForTraining } from '../../backbones/blocks'
import type { NetworkGraph, WeightTensor } from '../../backbones/graph'
import { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { loadTensorFlow } from '../../runtime/load'
import type { FineTune, FineTuneInput, FineTuneResult } from '../finetune-contract'
import { openStepInputs, type StepInputs } from './step-inputs'
import type { FrozenNetwork } from '../../executors/executor'
import type { EpochCursor } from './loop-memory'
import { prepareNetwork, type PreparedNetwork } from './prepare-network'
import { TrainableHead } from './trainable-head'
import { TrainingLoop, type LoopResult } from './training-loop'

/** @throws StudioError run/diverged; config/invalid; runtime/* when TensorFlow does not load. */
export const fineTune: FineTune = async (input) => {
  const open = await openFineTune(input)
  const loop = new TrainingLoop(input, open.ops, open.network, open.inputs)
  try {
    return resultOf(await loop.run(), open, input)
  } catch (error) {
    const { kept, epochsDone } = loop
    if (kept.weights) input.onFailed?.(resultOf({ ...kept, epochsDone, stopped: false }, open, input))
    throw error
  } finally {
    loop.dispose()
    await open.close()
  }
}

export interface OpenFineTune extends PreparedNetwork {
  ops: NativeOps
  /** What learns, as it was before. */
  suffix: NetworkGraph
  inputs: StepInputs
  close(): Promise<void>
}

/** Everything that a step needs. @throws StudioError config/invalid; runtime/* */
export async function openFineTune(input: FineTuneInput): Promise<OpenFineTune> {
  const tf = loadTensorFlow(input.runtime, { threads: input.threads })
  const { prefix, suffix } = splitForTraining(input.graph, input.blocks, input.config.fineTune.unfreeze)
  const frozen = prefix && (await input.executor.load(prefix, 'stream', input.frozenRanges))
  try {
    const inputs = await openInputs(input, frozen)
    const ops = new NativeOps(tf)
    const prepared = prepareNetwork(ops, suffix, input, inputs.batchesPerEpoch)
    const close = async (): Promise<void> => {
      prepared.network.dispose()
      ops.dispose()
      await inputs.close()
      await frozen?.dispose()
    }
    return { ...prepared, ops, suffix, inputs, close }
  } catch (error) {
    await frozen?.dispose()
    throw error
  }
}

function openInputs(input: FineTuneInput, prefix: FrozenNetwork | null): Promise<StepInputs> {
  const { config, images, resume } = input
  const cursor = resume?.json['cursor'] as EpochCursor | undefined
  return openStepInputs({
    contract: input.contract,
    config,
    datasetRoot: input.datasetRoot,
    prefix,
    train: images.filter(({ split }) => split === 'train'),
    validation: images.filter(({ split }) => split === 'validation'),
    sampling: config.balance.sampling,
    startAt: cursor && { epoch: cursor.epoch, step: cursor.batches },
    threads: input.threads,
    decodedDirectory: input.decodedDirectory,
    onUnreadable: (image, error) => input.reporter.onUnreadable(image, error)
  })
}

function resultOf(result: LoopResult, { unfold, suffix }: OpenFineTune, input: FineTuneInput): FineTuneResult {
  const { weights, epochsDone, best, stopped } = result
  if (!weights) return { head: input.head, tensors: new Map(), epochsDone, best, stopped }
  const tensors = new Map<string, WeightTensor>()
  for (const [key, data] of unfold(weights)) {
    if (!TrainableHead.owns(key)) tensors.set(key, { shape: suffix.weights.get(key)!.shape, data })
  }
  return { head: TrainableHead.fromSnapshot(weights, input.head.classes), tensors, epochsDone, best, stopped }
}
