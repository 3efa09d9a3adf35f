/** What a run works with, from its job: the backbone, and what computes. */
import { StudioError } from '@shared/errors'
import type { TrainJob } from '@shared/worker-protocol/train'
import { takeBackbone } from '../backbones/load-ahead'
import { assertTrainable, atInputSize, type LoadedBackbone } from '../backbones/load-backbone'
import { chooseExecutors, type ExecutorChoice } from '../executors/choose'

/**
 * Its features at the size of the contract in force, which need not be its own.
 * @throws StudioError backbone/*
 */
export async function openBackbone({ backbonesDirectories, config, contract }: TrainJob): Promise<LoadedBackbone> {
  const backbone = await takeBackbone(backbonesDirectories, config.backboneId)
  if (config.mode === 'finetune') assertTrainable(backbone)
  return atInputSize(backbone, contract.size)
}

/** @throws StudioError device/no-executor, and runtime/failed when a fine-tune has no TensorFlow */
export async function openExecutors(
  { runtime, threads, config }: TrainJob,
  backbone: LoadedBackbone
): Promise<ExecutorChoice> {
  const needsTraining = config.mode === 'finetune'
  const { form } = backbone.info
  const executors = await chooseExecutors({ runtime, threads, form, graph: backbone.features, needsTraining })
  if (needsTraining && !executors.training) {
    const why = executors.reason ?? 'it does not load'
    throw new StudioError('runtime/failed', `Fine-tuning needs TensorFlow, which does not work here: ${why}.`)
  }
  return executors
}
