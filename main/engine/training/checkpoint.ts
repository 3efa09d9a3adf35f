/** What a run leaves behind: its weights and its predictions, as safetensors, whole or not at all. */
import { open, rename, rm } from 'node:fs/promises'
import { SPLITS } from '@shared/domain/dataset'
import { encodeSafetensors, type SafeTensor } from '@shared/formats/safetensors'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { WeightTensor } from '../backbones/graph'
import { BACKBONE_PREFIX, HEAD_BIAS, HEAD_KERNEL, HIDDEN_BIAS, HIDDEN_KERNEL, readHead } from '../inference/checkpoint'
import type { BestEpoch, HeadWeights } from './finetune-contract'

export const CHECKPOINT_FILE = 'checkpoint.safetensors'
/** Of a run that went wrong: the best weights from before. */
export const RESCUED_FILE = 'rescued.safetensors'
export const PREDICTIONS_FILE = 'predictions.safetensors'

export interface TrainedWeights {
  head: HeadWeights
  /** Backbone tensors that changed, by their key in the graph. */
  tensors: ReadonlyMap<string, WeightTensor>
}

/** `head.kernel`, `head.bias`, those of the hidden layer if there is one, and each changed backbone tensor as `backbone/KEY`. */
export function checkpointTensors({ head, tensors }: TrainedWeights): Map<string, SafeTensor> {
  const { kernel, bias, classes, hidden } = head
  const all = new Map<string, SafeTensor>([
    [HEAD_KERNEL, { shape: [kernel.length / classes, classes], data: kernel }],
    [HEAD_BIAS, { shape: [classes], data: bias }]
  ])
  if (hidden) {
    const units = hidden.bias.length
    all.set(HIDDEN_KERNEL, { shape: [hidden.kernel.length / units, units], data: hidden.kernel })
    all.set(HIDDEN_BIAS, { shape: [units], data: hidden.bias })
  }
  for (const [key, { shape, data }] of tensors) all.set(`${BACKBONE_PREFIX}${key}`, { shape, data })
  return all
}

/** What `checkpointTensors` made them of. @throws StudioError backbone/corrupt when there is no head */
export function weightsOf(all: ReadonlyMap<string, SafeTensor>): TrainedWeights {
  const { kernel, bias, hidden } = readHead(all)
  const tensors = new Map<string, WeightTensor>()
  for (const [name, { shape, data }] of all) {
    if (name.startsWith(BACKBONE_PREFIX) && data instanceof Float32Array) {
      tensors.set(name.slice(BACKBONE_PREFIX.length), { shape, data })
    }
  }
  const head: HeadWeights = { kernel: kernel.data, bias: bias.data, classes: bias.data.length }
  if (hidden) head.hidden = { kernel: hidden.kernel.data, bias: hidden.bias.data }
  return { head, tensors }
}

/** The file says by itself what it is: backbone and its hash, classes, contract, configuration, epoch. */
export async function writeCheckpoint(
  file: string,
  weights: TrainedWeights,
  job: Pick<TrainJob, 'runId' | 'classes' | 'config' | 'contract'>,
  source: { weightsHash: string; kept: BestEpoch }
): Promise<void> {
  const metadata = {
    format: 'whetstone-checkpoint',
    version: '1',
    run: job.runId,
    backbone: job.config.backboneId,
    backboneWeightsHash: source.weightsHash,
    classes: JSON.stringify(job.classes),
    contract: JSON.stringify(job.contract),
    config: JSON.stringify(job.config),
    epoch: JSON.stringify(source.kept)
  }
  await writeWhole(file, encodeSafetensors(checkpointTensors(weights), metadata))
}

/** @param probabilities [images, classes], one row an image */
export async function writePredictions(
  file: string,
  images: readonly LabelledImage[],
  probabilities: Float32Array,
  classes: number
): Promise<void> {
  const count = images.length
  const tensors = new Map<string, SafeTensor>([
    ['imageId', { shape: [count], data: Int32Array.from(images, ({ id }) => id) }],
    ['split', { shape: [count], data: Uint8Array.from(images, ({ split }) => SPLITS.indexOf(split)) }],
    ['truth', { shape: [count], data: Int32Array.from(images, ({ classIndex }) => classIndex) }],
    ['probabilities', { shape: [count, classes], data: probabilities }]
  ])
  await writeWhole(file, encodeSafetensors(tensors))
}

/** Written beside, flushed to the disk, then renamed: a reader sees the old file or the new one, never a part. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.part`
  try {
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
