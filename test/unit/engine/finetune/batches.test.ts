import { expect, it } from 'vitest'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { epochOrder, type EpochOrder } from '../../../../main/engine/training/finetune/batches'

const imagesOf = (counts: readonly number[]): LabelledImage[] =>
  counts
    .flatMap((count, classIndex) => Array.from({ length: count }, () => classIndex))
    .map((classIndex, id) => ({ id, path: `${id}.png`, hash: String(id), classIndex, split: 'train' }))

const images = imagesOf([23])
const batchesOf = (order: EpochOrder) => Array.from({ length: order.batchCount }, (_, index) => order.batch(index))
const ids = (order: EpochOrder): number[] =>
  batchesOf(order)
    .flat()
    .map(({ image }) => image.id)

it('every image comes once an epoch, in an order that seed and epoch decide', () => {
  const order = epochOrder(images, 5, 1, 1)
  expect(batchesOf(order).map(({ length }) => length)).toEqual([5, 5, 5, 5, 3])
  expect(ids(order).sort((a, b) => a - b)).toEqual(images.map(({ id }) => id))
  expect(ids(epochOrder(images, 5, 1, 1))).toEqual(ids(order))
  expect(ids(epochOrder(images, 5, 1, 2))).not.toEqual(ids(order))
  expect(ids(epochOrder(images, 5, 2, 1))).not.toEqual(ids(order))
})

it('any batch can be had without those before it', () => {
  const [, , third] = batchesOf(epochOrder(images, 5, 4, 2))
  expect(epochOrder(images, 5, 4, 2).batch(2)).toEqual(third)
})

it('balanced sampling draws every class equally often, and every image of a class before one comes again', () => {
  const uneven = imagesOf([40, 10, 4])
  const drawn = batchesOf(epochOrder(uneven, 8, 1, 1, 'balanced')).flat()
  expect(drawn).toHaveLength(54)
  for (const [classIndex, count] of [40, 10, 4].entries()) {
    const own = drawn.filter(({ image }) => image.classIndex === classIndex)
    expect(own).toHaveLength(18)
    const times = new Map<number, number>()
    for (const { image, repeat } of own) {
      // Each draw of an image knows how often it came before.
      expect(repeat).toBe(times.get(image.id) ?? 0)
      times.set(image.id, repeat + 1)
    }
    expect(times.size).toBe(Math.min(18, count))
    expect(Math.max(...times.values()) - Math.min(...times.values())).toBeLessThanOrEqual(1)
  }
  expect(ids(epochOrder(uneven, 8, 1, 1, 'balanced'))).toEqual(drawn.map(({ image }) => image.id))
  expect(ids(epochOrder(uneven, 8, 1, 2, 'balanced'))).not.toEqual(drawn.map(({ image }) => image.id))
})
