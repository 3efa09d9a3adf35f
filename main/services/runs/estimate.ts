/** What a run would take, before it starts: from what this machine took for the same before, and from nothing else. */
import type { Backbone } from '@shared/domain/backbone'
import type { DatasetClass } from '@shared/domain/dataset'
import type { ExecutorId } from '@shared/domain/backbone'
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainingConfig } from '@shared/domain/training-config'
import { courseOf } from './course'
import { featureKey, fineTuneKey, headKey, headPasses, type Speeds } from './speeds'

export interface EstimateInput {
  classes: readonly DatasetClass[]
  config: TrainingConfig
  backbone: Backbone
  frozen: ExecutorId
  cachedFeatures: number
  speeds: Speeds
}

/** Seconds, as if no phase ended early; null while a part of it was never measured here. */
export function estimateSeconds(input: EstimateInput): number | null {
  const { classes, config, backbone, speeds } = input
  const images = classes.reduce((sum, { total }) => sum + total, 0)
  const training = classes.reduce((sum, { train }) => sum + train, 0)
  const { size } = config.contract ?? backbone.contract
  const toCompute = Math.max(0, images - input.cachedFeatures)

  const feature = speeds[featureKey(backbone.id, size, input.frozen)] ?? measuredSpeed(input, size)
  // A fine-tune that does not begin with the head begins with one that nothing was spent on.
  const learnsHead = config.mode === 'head' || config.fineTune.headFirst
  const head = learnsHead ? speeds[headKey(backbone.id, config)] : 0
  if ((toCompute > 0 && feature === undefined) || head === undefined) return null
  const seconds = toCompute * (feature ?? 0) + (learnsHead ? training * headPasses(config) * head : 0)
  if (config.mode === 'head') return seconds

  const fineTune = speeds[fineTuneKey(backbone.id, size, config)]
  if (fineTune === undefined) return null
  const { steps, imagesPerStep } = courseOf(training, config.fineTune)
  // What an epoch's validation takes is in the measured speed. At the end the others go through the changed backbone once.
  const others = (images - training) * (feature ?? 0)
  return seconds + steps * imagesPerStep * fineTune + others
}

/** Seconds an image from the Models or Devices screen's own measurement, when it is of this size and executor. */
function measuredSpeed({ backbone, frozen }: EstimateInput, size: number): number | undefined {
  const { speed } = backbone
  return speed && speed.executor === frozen && size === backbone.contract.size ? speed.msPerImage / 1000 : undefined
}

/** Sentences about what is unusual in a configuration, to be read before the run starts. */
export function configWarnings(config: TrainingConfig, backbone: Backbone): string[] {
  const warnings: string[] = []
  if (config.contract) warnings.push(...contractWarnings(config.contract, backbone))
  if (config.mode === 'finetune' && typeof config.fineTune.unfreeze === 'number') {
    const { unfreeze } = config.fineTune
    if (unfreeze > backbone.blocks.length) {
      warnings.push(`${backbone.name} has ${backbone.blocks.length} blocks; all of them will learn.`)
    }
  }
  return warnings
}

function contractWarnings(contract: PreprocessingContract, backbone: Backbone): string[] {
  const own = backbone.contract
  const warnings: string[] = []
  const range = (of: PreprocessingContract): string =>
    `[${valueRange(of)
      .map((value) => Number(value.toFixed(2)))
      .join(', ')}]`
  if (contract.mean.join() !== own.mean.join() || contract.std.join() !== own.std.join()) {
    warnings.push(`The network will see values in ${range(contract)}; ${backbone.name} was trained on ${range(own)}.`)
  }
  if (contract.colorOrder !== own.colorOrder) {
    warnings.push(`Colours come as ${contract.colorOrder}; ${backbone.name} was trained on ${own.colorOrder}.`)
  }
  if (contract.size !== own.size) {
    warnings.push(`Pictures come at ${contract.size}²; ${backbone.name} was trained on ${own.size}².`)
  }
  if (contract.crop !== own.crop) {
    warnings.push(`Pictures are cut by '${contract.crop}'; ${backbone.name} was trained with '${own.crop}'.`)
  }
  return warnings
}
