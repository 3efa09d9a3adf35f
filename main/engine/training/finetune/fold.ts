/**
 * Batch-norm as part of the convolution before it, for good: the folded kernel and bias are what learns. And back, so that
 * what was learned fits the layers that it came from.
 */
import type { NetworkGraph, WeightTensor } from '../../backbones/graph'
import { foldBatchNorm } from '../../backbones/transforms'

export interface FoldedGraph {
  graph: NetworkGraph
  /** From weights of `graph` by key to weights of the graph it was made from; keys that are in both pass through. */
  unfold(weights: ReadonlyMap<string, Float32Array>): Map<string, Float32Array>
}

export function foldForTraining(original: NetworkGraph): FoldedGraph {
  const graph = foldBatchNorm(original)
  const byName = new Map(original.nodes.map((node) => [node.name, node]))
  return {
    graph,
    unfold(weights) {
      const unfolded = new Map(weights)
      for (const norm of original.nodes) {
        if (norm.op !== 'batchNorm') continue
        const [kernelKey, biasKey] = [`${norm.name}/folded_kernel`, `${norm.name}/folded_bias`]
        const [kernel, bias] = [weights.get(kernelKey), weights.get(biasKey)]
        const convolution = byName.get(norm.input)
        if (!kernel || !bias || (convolution?.op !== 'conv2d' && convolution?.op !== 'depthwiseConv2d')) continue
        unfolded.delete(kernelKey)
        unfolded.delete(biasKey)
        for (const [key, values] of unfoldOne(original.weights, convolution, norm, kernel, bias)) {
          unfolded.set(key, values)
        }
      }
      return unfolded
    }
  }
}

/**
 * With scale = γ/√(σ² + ε): the kernel goes back to kernel / scale, and the shift into the first of β, the bias and μ that there
 * is. A channel with γ = 0 gets a scale of 1, for its kernel would be lost.
 */
function unfoldOne(
  weights: ReadonlyMap<string, WeightTensor>,
  convolution: { kernel: string; bias: string | null },
  norm: { gamma: string | null; beta: string | null; mean: string; variance: string; epsilon: number },
  kernel: Float32Array,
  bias: Float32Array
): [string, Float32Array][] {
  const of = (key: string): Float32Array => weights.get(key)!.data
  const deviation = of(norm.variance).map((value) => Math.sqrt(value + norm.epsilon))
  const gamma = norm.gamma === null ? null : of(norm.gamma).map((value, c) => (value === 0 ? deviation[c]! : value))
  const scale = deviation.map((value, c) => (gamma?.[c] ?? 1) / value)
  const result: [string, Float32Array][] = [
    [convolution.kernel, kernel.map((value, index) => value / scale[index % scale.length]!)]
  ]
  if (norm.gamma !== null) result.push([norm.gamma, gamma!])
  const mean = of(norm.mean)
  const before = convolution.bias === null ? null : of(convolution.bias)
  if (norm.beta !== null) {
    result.push([norm.beta, bias.map((value, c) => value - ((before?.[c] ?? 0) - mean[c]!) * scale[c]!)])
  } else if (convolution.bias !== null) {
    result.push([convolution.bias, bias.map((value, c) => value / scale[c]! + mean[c]!)])
  } else {
    result.push([norm.mean, bias.map((value, c) => -value / scale[c]!)])
  }
  return result
}
