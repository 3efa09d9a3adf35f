/** The order of training examples, and reading ahead of the step. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import { derive } from '../random'

/** The images of one epoch in random batches, the same for the same seed and epoch. The last one may be smaller. */
export function epochBatches(
  images: readonly LabelledImage[],
  batchSize: number,
  seed: number,
  epoch: number
): LabelledImage[][] {
  const order = derive(seed, 'finetune', 'order', epoch).permutation(images.length)
  const batches: LabelledImage[][] = []
  for (let start = 0; start < order.length; start += batchSize) {
    batches.push(Array.from(order.subarray(start, start + batchSize), (index) => images[index]!))
  }
  return batches
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
