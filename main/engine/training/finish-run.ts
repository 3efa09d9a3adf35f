/** After the last step: the test of the weights that are kept, and the files that the run leaves. */
import { join } from 'node:path'
import type { ErrorData } from '@shared/errors'
import type { TrainJob } from '@shared/worker-protocol/train'
import { layersOf, type LoadedBackbone } from '../backbones/load-backbone'
import type { Quantization } from '../data/quantization'
import type { Executor } from '../executors/executor'
import { CHECKPOINT_FILE, PREDICTIONS_FILE, writeCheckpoint, writePredictions, type TrainedWeights } from './checkpoint'
import { predictFeatures, predictImages, type Predictions } from './evaluate'
import type { BestEpoch } from './finetune-contract'
import { saveQuantization } from './frozen-precision'
import type { HeadRuntime } from './head-sessions'
import type { Outbox } from './outbox'
import type { RunBooks } from './phase-recorder'
import { notLearningFinding, unreadableFinding, type SplitFeatures } from './run-data'

interface TestInput {
  job: TrainJob
  outbox: Outbox
  backbone: LoadedBackbone
  /** What predictions run on later. */
  executor: Executor
  runtime: HeadRuntime
  weights: TrainedWeights
  /** Of the finished network. */
  quantization: Quantization | null
  held: { validation: SplitFeatures; test: SplitFeatures }
}

/** Validation and test: from the features, or from the files where the backbone has changed. */
export async function testRun(input: TestInput): Promise<Predictions> {
  const { job, outbox, backbone, executor, runtime, weights, held } = input
  const images = [...held.validation.images, ...held.test.images]
  const total = images.length
  const startedAt = performance.now()
  const progress = (done: number): void => {
    const imagesPerSecond = done > 0 ? (done * 1000) / (performance.now() - startedAt) : null
    const etaSeconds = imagesPerSecond === null ? null : (total - done) / imagesPerSecond
    outbox.setProgress({ phase: 'evaluate', done, total, etaSeconds, imagesPerSecond })
  }
  progress(0)
  if (weights.tensors.size === 0) return predictFeatures(runtime, weights.head, [held.validation, held.test])
  return predictImages({
    images,
    datasetRoot: job.datasetRoot,
    contract: job.contract,
    graph: layersOf(backbone, 'A changed backbone'),
    weights,
    executor,
    ranges: input.quantization?.ranges,
    onProgress: progress
  })
}

/** Predictions first: a checkpoint is the sign of a run that is whole. */
export async function saveRun(
  job: TrainJob,
  { info }: LoadedBackbone,
  { weights, kept }: { weights: TrainedWeights; kept: BestEpoch },
  { images, probabilities }: Predictions,
  quantization: Quantization | null
): Promise<void> {
  const source = { weightsHash: info.weightsHash, kept }
  await writePredictions(join(job.directory, PREDICTIONS_FILE), images, probabilities, job.classes.length)
  await saveQuantization(job.directory, quantization)
  await writeCheckpoint(join(job.directory, CHECKPOINT_FILE), weights, job, source)
}

export function reportFindings(
  job: TrainJob,
  outbox: Outbox,
  { best }: RunBooks,
  unreadable: readonly { path: string; error: ErrorData }[]
): void {
  const learningRate = job.config[job.config.mode === 'head' ? 'head' : 'fineTune'].learningRate
  const findings = [
    unreadable.length > 0 ? unreadableFinding(unreadable) : null,
    best && notLearningFinding(best, job.classes.length, learningRate)
  ]
  for (const finding of findings) if (finding) outbox.send({ type: 'finding', finding })
}
