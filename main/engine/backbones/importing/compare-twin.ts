/** A model as it is against the layers that were read out of it, and what the comparison tells of its preprocessing. */
import type { ParityCheck } from '@shared/domain/backbone'
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { NetworkGraph } from '../graph'
import { checkTwin } from '../twin/check-twin'

export interface ComparedTwin {
  parity: ParityCheck
  /** What the model as it is sees. */
  contract: PreprocessingContract
}

/**
 * A TensorFlow Hub module takes values of 0 to 1 and rescales them inside, where its layers alone see what they were trained on; a
 * model that Keras exported takes the same as its layers. Both are tried.
 *
 * @param contract of the twin
 * @returns the comparison that agrees; else the first
 */
export async function compareTwin(
  asIs: FrozenNetwork,
  twin: NetworkGraph,
  contract: PreprocessingContract,
  executor: Executor
): Promise<ComparedTwin> {
  const range = valueRange(contract)
  const direct = { parity: await checkTwin(asIs, twin, executor, range), contract }
  if (direct.parity.passed) return direct
  const parity = await checkTwin(takingUnits(asIs, contract), twin, executor, range)
  const units: PreprocessingContract = { ...contract, colorOrder: 'RGB', mean: [0, 0, 0], std: [255, 255, 255] }
  const between = `${parity.between}, which rescales 0 to 1 inside`
  return parity.passed ? { parity: { ...parity, between }, contract: units } : direct
}

/** The same network for values as the contract gives them. */
function takingUnits(network: FrozenNetwork, { colorOrder, mean, std }: PreprocessingContract): FrozenNetwork {
  const channel = (index: number): number => (colorOrder === 'BGR' ? 2 - (index % 3) : index % 3)
  return {
    ...network,
    inputShape: network.inputShape,
    outputShape: network.outputShape,
    dispose: () => network.dispose(),
    run: (batch, count) => {
      const units = batch.map((_, index) => {
        const from = index - (index % 3) + channel(index)
        return (batch[from]! * std[channel(index)]! + mean[channel(index)]!) / 255
      })
      return network.run(units, count)
    }
  }
}
