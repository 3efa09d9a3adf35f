/** Where a head's loss first was no number. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import { gatherRows, type FeatureValues } from '../data/feature-rows'
import type { Origin } from '../diagnosis/live/not-a-number'
import type { HeadWeights } from './finetune-contract'
import { headParameters } from './head-sessions'

const NAMED = 3
const NAMES = ['head/kernel', 'head/bias', 'head/hidden/kernel', 'head/hidden/bias']

/**
 * @param values of all rows, as the head reads them
 * @param rows of the batch
 * @param images of all rows, in their order
 */
export function headOrigin(
  head: HeadWeights,
  { values, width }: { values: FeatureValues; width: number },
  rows: ArrayLike<number>,
  images: readonly LabelledImage[]
): Origin {
  const batch = rows.length
  const named = (kind: Origin['kind'], layer: string, op: string, of: readonly number[]): Origin => {
    const found = of.flatMap((row) => images[row] ?? [])
    return {
      kind,
      layer,
      op,
      batch,
      imageIds: found.map(({ id }) => id),
      paths: found.slice(0, NAMED).map(({ path }) => path)
    }
  }
  const all = Array.from(rows)
  const read = new Float32Array(width)
  const wrong = all.filter((row) => {
    gatherRows(values, width, [row], read)
    return !isFinite(read)
  })
  if (wrong.length > 0) return named('input', 'features', 'input', wrong)
  const place = headParameters(head).findIndex((weights) => !isFinite(weights))
  if (place >= 0) return named('weights', NAMES[place]!, 'dense', all)
  return named('values', 'head', 'softmax', all)
}

const isFinite = (values: Float32Array): boolean => values.every(Number.isFinite)
