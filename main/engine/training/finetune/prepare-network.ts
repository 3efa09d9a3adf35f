/** The unfrozen end of a backbone in the form that the configuration trains it in. */
import { assertBfloat16 } from '@shared/domain/bfloat16'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { NetworkGraph } from '../../backbones/graph'
import { multipliesBfloat16 } from '../../executors/tensorflow-kernels/processor'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import type { HeadWeights, TrainableBlock } from '../finetune-contract'
import { adaptingMomentum } from './adapting-momentum'
import { foldForTraining } from './fold'
import { layerRates } from './layer-rates'
import { TrainableNetwork } from './trainable-network'

export interface PreparedNetwork {
  network: TrainableNetwork
  /** From the network's weights by key to those of the graph that it was made from. */
  unfold(weights: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array>
}

/**
 * @param batchesPerEpoch what the momentum of adapting statistics follows
 * @throws StudioError device/no-bfloat16 when bfloat16 is asked for where it would only cost precision
 */
export function prepareNetwork(
  ops: NativeOps,
  suffix: NetworkGraph,
  { blocks, head, config }: { blocks: readonly TrainableBlock[]; head: HeadWeights; config: TrainingConfig },
  batchesPerEpoch: number
): PreparedNetwork {
  const { batchNorm, layerDecay, precision } = config.fineTune
  if (precision === 'bfloat16') assertBfloat16({ onGpu: ops.onGpu, multiplies: multipliesBfloat16() })
  const folded = batchNorm === 'folded' ? foldForTraining(suffix) : null
  const graph = folded?.graph ?? suffix
  const network = new TrainableNetwork(ops, graph, head, {
    momentum: batchNorm === 'adapt' ? adaptingMomentum(batchesPerEpoch) : null,
    precision,
    rateOf: layerRates(graph, blocks, layerDecay)
  })
  return { network, unfold: (weights) => folded?.unfold(weights) ?? weights }
}
