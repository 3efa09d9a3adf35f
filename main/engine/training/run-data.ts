/** The images of a run and their features, by split; what could not be read is left out, and said. */
import { SPLITS, type Split } from '@shared/domain/dataset'
import type { Finding } from '@shared/domain/finding'
import type { Run } from '@shared/domain/run'
import { StudioError, type ErrorData } from '@shared/errors'
import { formatPercent } from '@shared/text/format'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { selectRows, type FeatureValues } from '../data/feature-rows'
import { knows } from '../diagnosis/live/recent'
import type { FeatureSet } from './head-data'

export interface SplitFeatures {
  images: LabelledImage[]
  features: FeatureSet<FeatureValues>
}

/** Paths that a finding names. */
const NAMED = 3

/**
 * @param features of the images, in their order
 * @param unreadable ids of images to leave out
 * @throws StudioError dataset/empty-split, dataset/empty-class when too much is missing
 */
export function splitFeatures(
  images: readonly LabelledImage[],
  { features, width }: { features: FeatureValues; width: number },
  unreadable: ReadonlySet<number>,
  classes: readonly string[]
): Record<Split, SplitFeatures> {
  const of = (split: Split): SplitFeatures => {
    const rows = [...images.keys()].filter((row) => images[row]!.split === split && !unreadable.has(images[row]!.id))
    const values = selectRows(features, width, Int32Array.from(rows))
    const kept = rows.map((row) => images[row]!)
    return { images: kept, features: { values, width, labels: Int32Array.from(kept, (image) => image.classIndex) } }
  }
  const splits = { train: of('train'), validation: of('validation'), test: of('test') }
  assertTrainable(splits, unreadable.size, classes)
  return splits
}

function assertTrainable(splits: Record<Split, SplitFeatures>, unreadable: number, classes: readonly string[]): void {
  const because = unreadable > 0 ? `, ${unreadable} images being unreadable` : ''
  for (const split of SPLITS) {
    if (splits[split].images.length > 0) continue
    throw new StudioError('dataset/empty-split', `The ${split} split has no images${because}.`, { split, unreadable })
  }
  const present = new Set(splits.train.images.map(({ classIndex }) => classIndex))
  const missing = classes.findIndex((_, index) => !present.has(index))
  if (missing < 0) return
  const label = classes[missing]!
  throw new StudioError('dataset/empty-class', `'${label}' has no images to train on${because}.`, { label, unreadable })
}

/** One finding for all images that could not be read. */
export function unreadableFinding(failed: readonly { path: string; error: ErrorData }[]): Finding {
  const named = failed.slice(0, NAMED).map(({ path, error }) => `${path} (${error.code})`)
  const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : ''
  return {
    code: 'run/unreadable-images',
    severity: 'warning',
    title:
      failed.length === 1
        ? 'One image could not be read and was left out.'
        : `${failed.length} images could not be read and were left out.`,
    evidence: `${named.join(', ')}${more}`,
    count: failed.length
  }
}

/**
 * Null unless the best epoch's loss was no better than that of a guess that knows nothing. A few mistakes that a model is sure of
 * give such a loss as well: then it has learned, and it is said what is wrong instead.
 *
 * @param best accuracy: share of the validation images
 */
export function notLearningFinding(
  { validationLoss, validationAccuracy }: Pick<NonNullable<Run['best']>, 'validationLoss' | 'validationAccuracy'>,
  classes: number,
  learningRate: number
): Finding | null {
  const chance = Math.log(classes)
  if (validationLoss < chance) return null
  const right = formatPercent(validationAccuracy, 0)
  return {
    code: 'run/not-learning',
    severity: 'severe',
    title: knows(validationAccuracy, classes)
      ? `${right} of the validation images are right, but it is far too sure of what it gets wrong: the learning rate ${learningRate} may be too high.`
      : `The model never got better than guessing: the learning rate ${learningRate} may be too high.`,
    evidence:
      `Lowest validation loss ${validationLoss.toFixed(3)}; ` +
      `equal odds for ${classes} classes give ln ${classes} = ${chance.toFixed(3)}.`
  }
}
