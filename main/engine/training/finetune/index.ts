/**
 * Fine-tuning: the last blocks of a backbone, or all of them, learn together with the head. What is frozen runs on the executor
 * for frozen networks; what learns runs on TensorFlow's own kernels, with batch-norm in inference mode throughout.
 */
import type { NetworkGraph, WeightTensor } from '../../backbones/graph'
import { splitAtBlock, type SplitNetwork } from '../../backbones/blocks'
import type { FrozenNetwork } from '../../executors/executor'
import { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { loadTensorFlow } from '../../runtime/load'
import type { FineTune, FineTuneInput, FineTuneResult, TrainableBlock } from '../finetune-contract'
import { openTrainingInputs, type TrainingInputs } from './image-inputs'
import { TrainableNetwork } from './trainable-network'
import { TrainingLoop, type LoopResult } from './training-loop'

/**
 * @throws StudioError run/diverged; backbone/unsupported-layer when a block to unfreeze cannot be trained; runtime/* when
 *   TensorFlow does not load.
 */
export const fineTune: FineTune = async (input) => {
  const tf = loadTensorFlow(input.runtime, { threads: input.threads })
  const { prefix, suffix } = splitForTraining(input.graph, input.blocks, input.config.fineTune.unfreeze)
  const frozen = prefix && (await input.executor.load(prefix))
  const ops = new NativeOps(tf)
  const network = new TrainableNetwork(ops, suffix, input.head)
  const inputs = await inputsOf(input, frozen)
  const loop = new TrainingLoop(input, ops, network, inputs)
  try {
    return resultOf(await loop.run(), suffix, input)
  } finally {
    loop.dispose()
    await inputs.close()
    network.dispose()
    ops.dispose()
    await frozen?.dispose()
  }
}

/** The whole network is the suffix when there are no more blocks than are to be unfrozen. */
export function splitForTraining(
  graph: NetworkGraph,
  blocks: readonly TrainableBlock[],
  unfreeze: number | 'all'
): SplitNetwork {
  const first = unfreeze === 'all' ? undefined : blocks.at(-unfreeze)
  return first ? splitAtBlock(graph, first.name) : { prefix: null, suffix: graph }
}

const inputsOf = (input: FineTuneInput, prefix: FrozenNetwork | null): Promise<TrainingInputs> =>
  openTrainingInputs({
    contract: input.contract,
    augmentation: input.config.augmentation,
    seed: input.config.seed,
    datasetRoot: input.datasetRoot,
    prefix,
    train: input.images.filter(({ split }) => split === 'train'),
    validation: input.images.filter(({ split }) => split === 'validation'),
    batchSize: input.config.fineTune.batchSize,
    sampling: input.config.balance.sampling,
    threads: input.threads,
    decodedDirectory: input.decodedDirectory,
    onUnreadable: (image, error) => input.reporter.onUnreadable(image, error)
  })

function resultOf(result: LoopResult, suffix: NetworkGraph, input: FineTuneInput): FineTuneResult {
  const { weights, epochsDone, best, stopped } = result
  if (!weights) return { head: input.head, tensors: new Map(), epochsDone, best, stopped }
  const tensors = new Map<string, WeightTensor>()
  for (const [key, data] of weights) {
    if (!TrainableNetwork.isHead(key)) tensors.set(key, { shape: suffix.weights.get(key)!.shape, data })
  }
  const head = TrainableNetwork.headOf(weights, input.head.classes)
  return { head, tensors, epochsDone, best, stopped }
}
