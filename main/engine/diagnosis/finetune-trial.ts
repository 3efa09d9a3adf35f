/** The first steps of a fine-tune on real batches, and how far each moves the backbone. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { listBlocks } from '../backbones/blocks'
import { layersOf } from '../backbones/load-backbone'
import type { HeadWeights } from '../training/finetune-contract'
import { untrainedHead } from '../training/untrained-head'
import type { Examination } from './examination'
import { tryHead } from './head-trial'

const STEPS = 10
const FEWEST_STEPS = 3
const MOST_MS = 12_000
/** Larger ones take longer and tell no more. */
const LARGEST_BATCH = 16

export interface FineTuneTrial {
  /** Loss of each step's batch, before the step; NaN at the end when it diverged. Nats. */
  losses: number[]
  /** Of each step: median over the backbone's kernels of ‖update‖ / ‖weights‖. */
  ratios: number[]
  /** Kernels that took no step at all, by key. */
  still: string[]
  kernels: number
}

/** At the peak of the rate, from the head that the head phase would give. TensorFlow is loaded here. */
export async function tryFineTune(examination: Examination): Promise<FineTuneTrial> {
  const { openFineTune } = await import('../training/finetune/index')
  const { TrainingStep } = await import('../training/finetune/training-step')
  const { train, signal } = examination
  const config = shortened(examination.config)
  const backbone = await examination.sized(examination.contract.size)
  const graph = layersOf(backbone, 'Fine-tuning')
  const images = examination.sample as LabelledImage[]
  const open = await openFineTune({
    runtime: train.runtime!,
    threads: train.threads,
    graph,
    blocks: listBlocks(graph),
    head: await startingHead(examination),
    start: { epoch: 0, validationLoss: Infinity, validationAccuracy: 0 },
    config,
    contract: examination.contract,
    images: [...images],
    datasetRoot: train.datasetRoot,
    decodedDirectory: train.decodedDirectory,
    executor: await examination.frozen(),
    reporter: { onStart: ignore, onStep: ignore, onEpoch: ignore, onUnreadable: ignore },
    signal
  })
  const step = new TrainingStep(open.ops, open.network, config, images, open.inputs.shape)
  const { parameters } = open.network
  const kernels = parameters.all.filter(({ key, decays }) => decays && !key.startsWith('head/'))
  const trial: FineTuneTrial = { losses: [], ratios: [], still: [], kernels: kernels.length }
  const until = performance.now() + MOST_MS
  const moved = new Set<string>()
  try {
    let before = parameters.snapshot()
    for await (const batch of open.inputs.epoch(1)) {
      if (signal.aborted || trial.losses.length >= STEPS) break
      if (trial.losses.length >= FEWEST_STEPS && performance.now() > until) break
      if (batch.images.length === 0) continue
      try {
        trial.losses.push(step.take([batch], config.fineTune.learningRate).loss)
      } catch (error) {
        if (!(error instanceof StudioError) || error.code !== 'run/diverged') throw error
        trial.losses.push(NaN)
        break
      }
      const after = parameters.snapshot()
      const ratios = kernels.map(({ key }) => updateRatio(before.get(key)!, after.get(key)!))
      ratios.forEach((ratio, index) => ratio > 0 && moved.add(kernels[index]!.key))
      if (ratios.length > 0) trial.ratios.push(medianOf(ratios))
      before = after
    }
  } finally {
    step.dispose()
    await open.close()
  }
  trial.still = kernels.map(({ key }) => key).filter((key) => !moved.has(key))
  return trial
}

const ignore = (): void => undefined

function shortened(config: TrainingConfig): TrainingConfig {
  const { fineTune } = config
  return { ...config, fineTune: { ...fineTune, batchSize: Math.min(LARGEST_BATCH, fineTune.batchSize), accumulate: 1 } }
}

async function startingHead(examination: Examination): Promise<HeadWeights> {
  const { config, classes, trainCount, signal } = examination
  const fresh = async (): Promise<HeadWeights> => untrainedHead(await examination.features(), classes.length, config)
  if (!config.fineTune.headFirst) return fresh()
  const runtime = examination.headRuntime()
  const data = await examination.headInputs()
  const { head } = await tryHead({ runtime, data, classes: classes.length, config, trainCount, signal })
  return head ? examination.onFeatures(head) : fresh()
}

/** ‖after − before‖ / ‖before‖. */
export function updateRatio(before: Float32Array, after: Float32Array): number {
  let [step, size] = [0, 0]
  for (let index = 0; index < before.length; index++) {
    step += (after[index]! - before[index]!) ** 2
    size += before[index]! ** 2
  }
  return Math.sqrt(step / Math.max(size, 1e-30))
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
