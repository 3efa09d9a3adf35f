/** Which images the doctor looks at, and which of them it holds out. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { FeatureSet } from '../training/head-data'
import { gatherRows } from '../data/feature-rows'
import { derive } from '../training/random'

/** Of the rows, held out: a quarter. */
const HELD_SHARE = 0.25

/**
 * Training images in turn out of every class, in an order that follows from the seed: any first part of them is spread over
 * the classes as evenly as they allow.
 */
export function drawSample(images: readonly LabelledImage[], count: number, seed: number): LabelledImage[] {
  const random = derive(seed, 'doctor', 'sample')
  const queues = new Map<number, LabelledImage[]>()
  for (const image of images) {
    if (image.split !== 'train') continue
    const queue = queues.get(image.classIndex) ?? []
    queue.push(image)
    queues.set(image.classIndex, queue)
  }
  const classes = [...queues.keys()].sort((a, b) => a - b).map((label) => shuffled(queues.get(label)!, random))
  const sample: LabelledImage[] = []
  for (let round = 0; sample.length < count; round++) {
    const turn = shuffled(
      classes.filter((queue) => queue.length > round).map((queue) => queue[round]!),
      random
    )
    if (turn.length === 0) break
    sample.push(...turn.slice(0, count - sample.length))
  }
  return sample
}

function shuffled<T>(items: readonly T[], random: { uniform(low: number, high: number): number }): T[] {
  const order = [...items]
  for (let place = order.length - 1; place > 0; place--) {
    const other = Math.min(place, Math.floor(random.uniform(0, place + 1)))
    ;[order[place], order[other]] = [order[other]!, order[place]!]
  }
  return order
}

export interface HeldOut {
  fit: FeatureSet
  held: FeatureSet
}

/** Of each class a quarter, rounded down; a class of fewer than four stays whole in `fit`. */
export function holdOut(set: FeatureSet, seed: number): HeldOut {
  const random = derive(seed, 'doctor', 'held out')
  const rows = shuffled([...Array.from(set.labels).keys()], random)
  const sizes = new Map<number, number>()
  for (const row of rows) sizes.set(set.labels[row]!, (sizes.get(set.labels[row]!) ?? 0) + 1)
  const taken = new Map<number, number>()
  const [fit, held]: [number[], number[]] = [[], []]
  for (const row of rows) {
    const label = set.labels[row]!
    const already = taken.get(label) ?? 0
    if (already < Math.floor(sizes.get(label)! * HELD_SHARE)) {
      held.push(row)
      taken.set(label, already + 1)
    } else fit.push(row)
  }
  return { fit: rowsOf(set, fit), held: rowsOf(set, held) }
}

export function rowsOf({ values, width, labels }: FeatureSet, rows: readonly number[]): FeatureSet {
  const out = new Float32Array(rows.length * width)
  gatherRows(values, width, rows, out)
  return { values: out, width, labels: Int32Array.from(rows, (row) => labels[row]!) }
}
