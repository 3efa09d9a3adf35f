/** The order of training examples, their targets, and reading ahead of the step. */
import { createRandom, type Random } from '@shared/random'
import type { LabelledImage } from '@shared/worker-protocol/train'

const ORDER_STREAM = 0x6f726400
const DROPOUT_STREAM = 0x64726f00

/** The images of one epoch in random batches, the same for the same seed and epoch. The last one may be smaller. */
export function epochBatches(
  images: readonly LabelledImage[],
  batchSize: number,
  seed: number,
  epoch: number
): LabelledImage[][] {
  const order = createRandom(seed, ORDER_STREAM + epoch).permutation(images.length)
  const batches: LabelledImage[][] = []
  for (let start = 0; start < order.length; start += batchSize) {
    batches.push(Array.from(order.subarray(start, start + batchSize), (index) => images[index]!))
  }
  return batches
}

/**
 * Rows [images, classes] of target probabilities: 1 − s + s/K for the truth and s/K for the rest (Szegedy et al. 2016,
 * https://arxiv.org/abs/1512.00567).
 */
export function smoothedTargets(images: readonly LabelledImage[], classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(images.length * classes).fill(smoothing / classes)
  images.forEach(({ classIndex }, row) => (targets[row * classes + classIndex]! += 1 - smoothing))
  return targets
}

export const dropoutRandom = (seed: number): Random => createRandom(seed, DROPOUT_STREAM)

/** Factors of inverted dropout: 0 with probability `rate`, else 1 / (1 − rate). */
export function dropoutMask(random: Random, length: number, rate: number): Float32Array {
  const kept = 1 / (1 - rate)
  return Float32Array.from({ length }, () => (random.float() < rate ? 0 : kept))
}

/** Work on each item in order, the next one begun while the caller is busy with the one before: never more than two at once. */
export async function* readAhead<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begin = (index: number): Promise<R> | null => {
    if (index >= items.length) return null
    const promise = work(items[index]!)
    // Its failure is the caller's when it comes to it; until then it is nobody's, which Node would take for a defect.
    promise.catch(() => undefined)
    return promise
  }
  let next = begin(0)
  for (let index = 1; next; index++) {
    const value = await next
    next = begin(index)
    yield value
  }
}
