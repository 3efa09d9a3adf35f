/** Whether a picture that is tested on was trained on. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import { found, passed, type Check, type CheckResult } from '../check'
import { findSame } from '../perceptual/same-picture'
import { readSmallPictures } from '../perceptual/small-pictures'

/** Of the held-out images, the share whose answers are known from training above which a score means nothing. */
const SPOILT = 0.05
/** Above which it is worth a warning. */
const NOTICED = 0.01
/** Pictures of each side that are looked at. */
const MOST = 4000

export const leakCheck: Check = {
  code: 'data/leak',
  phase: 'Looking for the same picture on both sides of the split',
  async run({ train: { images }, job, signal }) {
    const train = images.filter(({ split }) => split === 'train')
    const held = images.filter(({ split }) => split !== 'train')
    const contents = new Set(train.map(({ hash }) => hash))
    const identical = held.filter(({ hash }) => contents.has(hash))
    const others = held.filter(({ hash }) => !contents.has(hash)).slice(0, MOST)
    const [small, smallHeld] = [
      await readSmallPictures(train.slice(0, MOST), job.thumbnailDirectory, signal),
      await readSmallPictures(others, job.thumbnailDirectory, signal)
    ]
    const alike = findSame(small, smallHeld)
    return [
      verdict({
        held,
        identical,
        alike: alike.map((pair) => [pair.held.image, pair.train.image] as const),
        looked: small.length
      })
    ]
  }
}

interface Leaks {
  held: readonly LabelledImage[]
  identical: readonly LabelledImage[]
  alike: readonly (readonly [LabelledImage, LabelledImage])[]
  /** Training pictures that were compared by look. */
  looked: number
}

export function verdict({ held, identical, alike, looked }: Leaks): CheckResult {
  const count = identical.length + alike.length
  const share = count / Math.max(1, held.length)
  if (count === 0) {
    return passed(
      'data/leak',
      `None of ${held.length} held-out pictures is among ${looked} of the training pictures, by content or by look.`
    )
  }
  const named = [
    ...identical.slice(0, 1).map(({ path }) => path),
    ...alike.slice(0, 2).map(([a, b]) => `${a.path} and ${b.path}`)
  ]
  return found('data/leak', {
    severity: share > SPOILT ? 'severe' : share > NOTICED ? 'warning' : 'info',
    weight: 100 * share,
    title:
      count === 1
        ? 'A picture that is validated or tested on is also trained on.'
        : `${count} pictures that are validated or tested on are also trained on.`,
    evidence: {
      text:
        `${identical.length} are the same file, ${alike.length} look the same, of ${held.length} held out ` +
        `(${(100 * share).toFixed(1)} %): the scores are too good by as much. For example ${named.join('; ')}.`,
      value: share,
      expected: 0
    }
  })
}
