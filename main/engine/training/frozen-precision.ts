/** What runs in eight bits while a run trains, and in its finished network. */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TrainJob } from '@shared/worker-protocol/train'
import { listBlocks, splitForTraining } from '../backbones/blocks'
import type { LoadedBackbone } from '../backbones/load-backbone'
import { foldedForOnnx } from '../backbones/onnx/network-to-onnx'
import { quantizedValues, type ValueRanges } from '../backbones/onnx/quantized/ranges'
import { quantizationFor, readQuantization, type Quantization } from '../data/quantization'
import { encodeQuantization } from '../data/quantization-file'
import type { Executor } from '../executors/executor'
import type { TrainedWeights } from './checkpoint'

/** In a run's folder: of the finished network. */
const QUANTIZATION_FILE = 'quantization.json'

type PrecisionJob = Pick<TrainJob, 'config' | 'contract' | 'datasetRoot' | 'featureCacheDirectory' | 'images'>

/** Null: all in float32. @throws StudioError device/no-int8 when eight bits cannot be had */
export async function openQuantization(
  { config, contract, datasetRoot, featureCacheDirectory, images }: PrecisionJob,
  backbone: LoadedBackbone,
  executor: Executor
): Promise<Quantization | null> {
  if (config.frozenPrecision === 'float32') return null
  const directory = join(featureCacheDirectory, 'quantization')
  return quantizationFor({ images, root: datasetRoot, contract, backbone, executor, directory })
}

/** What fine-tuning leaves frozen stays in eight bits, as it was while the rest learned. */
export function finishedQuantization(
  quantization: Quantization | null,
  { features }: Pick<LoadedBackbone, 'features'>,
  { config }: Pick<TrainJob, 'config'>,
  weights: TrainedWeights
): Quantization | null {
  if (!quantization || weights.tensors.size === 0) return quantization
  const { prefix } = splitForTraining(features!, listBlocks(features!), config.fineTune.unfreeze)
  if (!prefix) return null
  const frozen = new Set(quantizedValues(foldedForOnnx(prefix)))
  return { ...quantization, ranges: new Map([...quantization.ranges].filter(([node]) => frozen.has(node))) }
}

export async function saveQuantization(directory: string, quantization: Quantization | null): Promise<void> {
  if (quantization) await writeFile(join(directory, QUANTIZATION_FILE), encodeQuantization(quantization))
}

/** Of the network whose checkpoint it lies beside; null: all of it is float32. */
export const quantizationBeside = (checkpointFile: string): Promise<Quantization | null> =>
  readQuantization(join(dirname(checkpointFile), QUANTIZATION_FILE))

export const rangesBeside = async (checkpointFile: string): Promise<ValueRanges | undefined> =>
  (await quantizationBeside(checkpointFile))?.ranges
