/** How long the way of a fine-tune is: its steps, and the images that pass in them. */
import type { FineTuneConfig } from '@shared/domain/training-config'

export interface Course {
  /** Of the whole phase, if it does not end early. */
  steps: number
  /** Mean over an epoch, whose last batch may be smaller. */
  imagesPerStep: number
}

type Settings = Pick<FineTuneConfig, 'batchSize' | 'accumulate' | 'epochs' | 'maxSteps'>

/** @param images of the training split */
export function courseOf(images: number, { batchSize, accumulate, epochs, maxSteps }: Settings): Course {
  const stepsPerEpoch = Math.max(1, Math.ceil(Math.ceil(images / batchSize) / accumulate))
  return { steps: Math.min(stepsPerEpoch * epochs, maxSteps ?? Infinity), imagesPerStep: images / stepsPerEpoch }
}
