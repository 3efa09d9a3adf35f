/**
 * The strongest sign of a contract: a trained batch-norm remembers the mean and variance that its input had over the training
 * pictures. Under the right contract the first ones meet those again; under a wrong one they are off by its factor and offset.
 */
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { GraphNode, NetworkGraph } from '../graph'
import { cutAt } from '../transforms'

type BatchNorm = Extract<GraphNode, { op: 'batchNorm' }>

/** Further in, errors of the first layers have been normalised away. */
const NORMS = 4
/** A channel that is far off is far off; how far does not matter. */
const MOST = 5

/** A network that ends where a batch-norm begins, and what that remembers. */
export interface NormProbe {
  network: FrozenNetwork
  mean: Float32Array
  variance: Float32Array
}

/** None where the network has no batch-norm, or one that was never trained. To be disposed of. */
export async function openNormProbes(graph: NetworkGraph, executor: Executor): Promise<NormProbe[]> {
  const norms = graph.nodes.filter((node): node is BatchNorm => node.op === 'batchNorm').slice(0, NORMS)
  const probes: NormProbe[] = []
  for (const norm of norms) {
    const [mean, variance] = [graph.weights.get(norm.mean)!.data, graph.weights.get(norm.variance)!.data]
    const untouched = mean.every((value) => value === 0) && variance.every((value) => value === 1)
    if (!untouched) probes.push({ network: await executor.load(cutAt(graph, norm.input)), mean, variance })
  }
  return probes
}

/**
 * How far what the batch-norms meet is from what they remember: the symmetric Kullback–Leibler divergence of two normal
 * distributions, averaged over channels and norms; 0 is a perfect match.
 */
export async function normDivergence(
  probes: readonly NormProbe[],
  batch: Float32Array,
  count: number
): Promise<number> {
  let sum = 0
  for (const { network, mean, variance } of probes) {
    const values = await network.run(batch, count)
    const channels = mean.length
    let total = 0
    for (let channel = 0; channel < channels; channel++) {
      const [met, spread] = moments(values, channel, channels)
      total += Math.min(divergence(met, spread, mean[channel]!, variance[channel]!), MOST)
    }
    sum += total / channels
  }
  return sum / probes.length
}

function moments(values: Float32Array, channel: number, channels: number): [mean: number, variance: number] {
  let [sum, squares] = [0, 0]
  for (let index = channel; index < values.length; index += channels) {
    sum += values[index]!
    squares += values[index]! ** 2
  }
  const count = values.length / channels
  const mean = sum / count
  return [mean, Math.max(squares / count - mean ** 2, 0)]
}

/** Half of KL(a, b) + KL(b, a), without the logarithms, which cancel. */
function divergence(meanA: number, varianceA: number, meanB: number, varianceB: number): number {
  const [a, b] = [varianceA + 1e-5, varianceB + 1e-5]
  const apart = (meanA - meanB) ** 2
  return (a / b + b / a - 2 + apart / a + apart / b) / 4
}
