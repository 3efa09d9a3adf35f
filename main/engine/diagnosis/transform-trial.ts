/** How well a way of scaling pictures fits a network: what its batch-norms, its answers and its features say of real pictures. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { normDivergence, openNormProbes, type NormProbe } from '../backbones/contract-proposal/norm-statistics'
import type { LoadedBackbone } from '../backbones/load-backbone'
import type { Executor, FrozenNetwork } from '../executors/executor'
import { batchOf, type Picture } from './pictures'

/** Fewer outputs than this are no class scores. */
const FEWEST_CLASSES = 100

export interface TransformFit {
  /** See `normDivergence`: 0 is a perfect match; null without trained batch-norms. */
  divergence: number | null
  /** Of the most likely of the classes that it was pretrained on, mean over the pictures, 0–1; null without such a top. */
  confidence: number | null
  /** Mean entropy of its answers, nats; null as above. */
  entropy: number | null
}

export interface TransformTrial {
  fit(pictures: readonly Picture[], contract: PreprocessingContract): Promise<TransformFit>
  close(): Promise<void>
}

/** @param backbone as it was brought in: the batch-norms and the top are those of its own size */
export async function openTransformTrial(backbone: LoadedBackbone, executor: Executor): Promise<TransformTrial> {
  const { graph, features } = backbone
  const probes: NormProbe[] = features ? await openNormProbes(features, executor) : []
  const whole: FrozenNetwork | null = graph ? await executor.load(graph) : null
  const outputs = whole?.outputShape.reduce((a, b) => a * b, 1) ?? 0
  return {
    async fit(pictures, contract) {
      const batch = batchOf(pictures, contract)
      const count = pictures.length
      const divergence = probes.length > 0 ? await normDivergence(probes, batch, count) : null
      const answers = whole && outputs >= FEWEST_CLASSES ? await whole.run(batch, count) : null
      return { divergence, ...(answers ? certainty(answers, count) : { confidence: null, entropy: null }) }
    },
    async close() {
      for (const { network } of probes) await network.dispose()
      await whole?.dispose()
    }
  }
}

/** @param scores [count, classes]: logits, or probabilities */
export function certainty(scores: Float32Array, count: number): { confidence: number; entropy: number } {
  const classes = scores.length / count
  let [confidence, entropy] = [0, 0]
  for (let row = 0; row < count; row++) {
    const own = probabilitiesOf(scores.subarray(row * classes, (row + 1) * classes))
    let highest = 0
    for (const value of own) {
      if (value > highest) highest = value
      if (value > 0) entropy -= value * Math.log(value)
    }
    confidence += highest
  }
  return { confidence: confidence / count, entropy: entropy / count }
}

/** Rows of probabilities as they are, rows of scores through a softmax. */
export function probabilitiesOf(row: Float32Array): Float64Array {
  if (areProbabilities(row)) return Float64Array.from(row)
  const highest = row.reduce((max, value) => Math.max(max, value), -Infinity)
  const exponentials = Float64Array.from(row, (value) => Math.exp(value - highest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  return exponentials.map((value) => value / total)
}

/** Whether a row sums to one and has nothing below zero. */
export function areProbabilities(row: Float32Array): boolean {
  const sum = row.reduce((total, value) => total + value, 0)
  return Math.abs(sum - 1) < 1e-3 && row.every((value) => value >= 0)
}

/** Mean cosine distance of the features of the same pictures, prepared in two ways: 0 alike, 1 unrelated. */
export function featureDistance(a: Float32Array, b: Float32Array, width: number): number {
  const rows = Math.min(a.length, b.length) / width
  let sum = 0
  for (let row = 0; row < rows; row++) {
    let [dot, first, second] = [0, 0, 0]
    for (let index = row * width; index < (row + 1) * width; index++) {
      dot += a[index]! * b[index]!
      first += a[index]! ** 2
      second += b[index]! ** 2
    }
    sum += 1 - dot / Math.max(Math.sqrt(first * second), 1e-12)
  }
  return rows === 0 ? 0 : sum / rows
}
