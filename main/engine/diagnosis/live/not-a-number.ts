/** A loss or gradient that is no number: where it came from, as found by going through the step again. */
import type { LiveFinding } from '@shared/domain/live-finding'
import type { TrainingConfig } from '@shared/domain/training-config'
import { rounded, shown } from './recent'

/** Where the first value that is no number stands. */
export interface Origin {
  /** `input`: the pictures themselves; `weights`: before the step; `values`: going forward; `gradient`: going back. */
  kind: 'input' | 'weights' | 'values' | 'gradient'
  /** Name of the layer, and what it computes. */
  layer: string
  op: string
  /** Of the batch whose rows have it; all of the batch where it cannot be told apart. */
  imageIds: number[]
  /** Paths of the first few of them. */
  paths: string[]
  /** Images in the batch. */
  batch: number
}

/** As the rest of a sentence about the loss. */
export function originSentence({ kind, layer, op, imageIds, paths, batch }: Origin): string {
  const of =
    imageIds.length === batch
      ? `all ${batch} images of the batch`
      : `${imageIds.length} of the batch's ${batch} images (${paths.join(', ')}${imageIds.length > paths.length ? ', …' : ''})`
  switch (kind) {
    case 'input':
      return `What came in was no number in ${of}.`
    case 'weights':
      return `The weight '${layer}' was no number before the step: the step before has thrown it away.`
    case 'values':
      return `'${layer}' (${op}) gave it first, in ${of}.`
    case 'gradient':
      return `All values were numbers; the gradient of '${layer}' was not, over ${of}.`
  }
}

export function notANumber(
  origin: Origin,
  step: number,
  phase: 'head' | 'finetune',
  config: Pick<TrainingConfig, 'head' | 'fineTune'>
): LiveFinding {
  const prefix = phase === 'head' ? 'head' : 'fineTune'
  const own = config[prefix].learningRate
  const rate = rounded(own / 10)
  const ofImages = origin.kind === 'input'
  return {
    code: 'training/not-a-number',
    severity: 'severe',
    title: `The loss was no number at step ${step}.`,
    evidence: originSentence(origin),
    count: origin.imageIds.length,
    imageIds: origin.imageIds,
    advice: ofImages
      ? 'Look at these images, and take them out of the dataset.'
      : `Lower the learning rate: ${shown(own)} throws the weights away.`,
    ...(!ofImages && {
      repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
    })
  }
}
