/** The part of a dataset that every backbone is tried on first. Pure, and the same each time. */
import { SPLITS, type Split } from '@shared/domain/dataset'
import type { TrainingImage } from '../../store/store'

/** Pictures of each split, if there are as many: what screening needs most is test images to tell two backbones apart. */
const WANTED: Readonly<Record<Split, number>> = { train: 400, validation: 100, test: 300 }
/** Of each class, however many classes there are: fewer train no head, and choose no penalty. */
const LEAST: Readonly<Record<Split, number>> = { train: 5, validation: 2, test: 2 }
/** Below this share of the pictures, trying on a part is worth the second look. */
const WORTH_IT = 0.7

/** Stratified by class and split; null where it would be nearly all of them. */
export function subsample(images: readonly TrainingImage[]): TrainingImage[] | null {
  const part = SPLITS.flatMap((split) => {
    const all = images.filter((image) => image.split === split)
    const share = Math.min(1, WANTED[split] / Math.max(1, all.length))
    return byClass(all).flatMap((own) => {
      const count = Math.max(Math.min(LEAST[split], own.length), Math.round(own.length * share))
      // By content: as good as drawn at random, and not another draw each time.
      return own.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id - b.id)).slice(0, count)
    })
  })
  return part.length < WORTH_IT * images.length ? part : null
}

function byClass(images: readonly TrainingImage[]): TrainingImage[][] {
  const classes = new Map<number, TrainingImage[]>()
  for (const image of images) {
    const own = classes.get(image.classIndex)
    if (own) own.push(image)
    else classes.set(image.classIndex, [image])
  }
  return [...classes.values()]
}
