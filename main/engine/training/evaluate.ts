/** The last word on a run: what the kept weights say of validation and test images. */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { ErrorData } from '@shared/errors'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NetworkGraph } from '../backbones/graph'
import type { ValueRanges } from '../backbones/onnx/quantized/ranges'
import { loadBatches } from '../data/batches'
import { paceOf, runBatches } from '../data/run-batches'
import type { Executor } from '../executors/executor'
import { applyCheckpoint } from '../inference/checkpoint'
import { softmax } from '../inference/trained-network'
import { checkpointTensors, type TrainedWeights } from './checkpoint'
import type { HeadWeights } from './finetune-contract'
import { openHeadSessions, shapeOfHead, type HeadRuntime } from './head-sessions'
import type { SplitFeatures } from './run-data'

export interface Predictions {
  images: LabelledImage[]
  /** [images, classes]. */
  probabilities: Float32Array
  failed: { id: number; path: string; error: ErrorData }[]
}

export interface EvaluateInput {
  images: readonly LabelledImage[]
  datasetRoot: string
  contract: PreprocessingContract
  /** The backbone up to the pooled features. */
  graph: NetworkGraph
  weights: TrainedWeights
  executor: Executor
  /** Of values in eight bits. */
  ranges?: ValueRanges
  onProgress: (done: number) => void
}

/** From features that are there already: for a head on an unchanged backbone. */
export async function predictFeatures(
  runtime: HeadRuntime,
  head: HeadWeights,
  parts: readonly SplitFeatures[]
): Promise<Predictions> {
  const sessions = await openHeadSessions(runtime, shapeOfHead(head))
  try {
    const images = parts.flatMap((part) => part.images)
    const probabilities = new Float32Array(images.length * head.classes)
    let place = 0
    for (const { features } of parts) {
      const rows = await sessions.predict(head, features.values)
      probabilities.set(rows, place)
      place += rows.length
    }
    return { images, probabilities, failed: [] }
  } finally {
    await sessions.dispose()
  }
}

/** From the files, through the changed backbone, on the executor that predictions run on later. */
export async function predictImages(input: EvaluateInput): Promise<Predictions> {
  const { images, datasetRoot, contract, executor, weights, onProgress } = input
  const { classes } = weights.head
  const network = await executor.load(applyCheckpoint(input.graph, checkpointTensors(weights)), 'stream', input.ranges)
  const result: Predictions = { images: [], probabilities: new Float32Array(), failed: [] }
  const rows: Float32Array[] = []
  try {
    const pathOf = ({ path }: LabelledImage): string => join(datasetRoot, path)
    const batches = loadBatches({ items: images, pathOf, contract, ...paceOf(network) })
    for await (const { batch, outputs: logits } of runBatches(batches, network, contract)) {
      for (const { item, error } of batch.failed)
        result.failed.push({ id: item.id, path: item.path, error: error.toData() })
      const count = batch.items.length
      if (count === 0) continue
      for (let row = 0; row < count; row++) rows.push(softmax(logits.slice(row * classes, (row + 1) * classes)))
      result.images.push(...batch.items)
      onProgress(result.images.length + result.failed.length)
    }
  } finally {
    await network.dispose()
  }
  result.probabilities = new Float32Array(rows.length * classes)
  rows.forEach((row, index) => result.probabilities.set(row, index * classes))
  return result
}
