/** What a run would take, before it starts: from what this machine took for the same before, and from nothing else. */
import type { Backbone } from '@shared/domain/backbone'
import type { DatasetClass } from '@shared/domain/dataset'
import type { ExecutorId } from '@shared/domain/backbone'
import { contractDifferences, type ContractDifference } from '@shared/domain/contract-differences'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
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

  const key = featureKey(backbone.id, size, input.frozen, config.frozenPrecision)
  const feature = speeds[key] ?? measuredSpeed(input, size)
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

/** Seconds an image from the Models or Devices screen's own measurement, when it is of this size, executor and precision. */
function measuredSpeed({ backbone, config, frozen }: EstimateInput, size: number): number | undefined {
  const { speed } = backbone
  if (config.frozenPrecision !== 'float32') return undefined
  return speed && speed.executor === frozen && size === backbone.contract.size ? speed.msPerImage / 1000 : undefined
}

/** Sentences about what is unusual in a configuration, to be read before the run starts. */
export function configWarnings(config: TrainingConfig, backbone: Backbone): string[] {
  const warnings: string[] = []
  if (config.contract) warnings.push(...contractWarnings(config.contract, backbone))
  if (backbone.provenance?.how === 'random' && !(config.mode === 'finetune' && config.fineTune.unfreeze === 'all')) {
    warnings.push(`The weights of ${backbone.name} are random: what stays frozen knows nothing. Fine-tune all of it.`)
  }
  if (config.mode === 'finetune' && typeof config.fineTune.unfreeze === 'number') {
    const { unfreeze } = config.fineTune
    if (unfreeze > backbone.blocks.length) {
      warnings.push(`${backbone.name} has ${backbone.blocks.length} blocks; all of them will learn.`)
    }
  }
  return warnings
}

function contractWarnings(contract: PreprocessingContract, backbone: Backbone): string[] {
  return contractDifferences(contract, backbone.contract).map((difference) => sentence(difference, backbone.name))
}

function sentence({ aspect, used, known }: ContractDifference, name: string): string {
  switch (aspect) {
    case 'range':
      return `The network will see values in ${used}; ${name} was trained on ${known}.`
    case 'channel-order':
      return `Colours come as ${used}; ${name} was trained on ${known}.`
    case 'size':
      return `Pictures come at ${used}; ${name} was trained on ${known}.`
    case 'crop':
      return `Of each picture comes ${used}; ${name} was trained on ${known}.`
    case 'resize':
      return `Pictures are resized by '${used}'; ${name} was trained with '${known}'.`
  }
}
