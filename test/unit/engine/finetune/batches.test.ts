import { expect, it } from 'vitest'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { epochBatches, readAhead } from '../../../../main/engine/training/finetune/batches'
import { BoundedCache } from '../../../../main/engine/training/finetune/bounded-cache'

const images = Array.from({ length: 23 }, (_, id): LabelledImage => ({
  id,
  path: `${id}.png`,
  hash: String(id),
  classIndex: 0,
  split: 'train'
}))
const ids = (batches: LabelledImage[][]): number[] => batches.flat().map(({ id }) => id)

it('every image comes once an epoch, in an order that seed and epoch decide', () => {
  const batches = epochBatches(images, 5, 1, 1)
  expect(batches.map(({ length }) => length)).toEqual([5, 5, 5, 5, 3])
  expect(ids(batches).sort((a, b) => a - b)).toEqual(images.map(({ id }) => id))
  expect(ids(epochBatches(images, 5, 1, 1))).toEqual(ids(batches))
  expect(ids(epochBatches(images, 5, 1, 2))).not.toEqual(ids(batches))
  expect(ids(epochBatches(images, 5, 2, 1))).not.toEqual(ids(batches))
})

it('begins one piece of work ahead and no more', async () => {
  const begun: number[] = []
  const finished: number[] = []
  const work = async (item: number): Promise<number> => {
    begun.push(item)
    return item * 10
  }
  for await (const value of readAhead([1, 2, 3, 4], work)) {
    finished.push(value)
    expect(begun.length).toBeLessThanOrEqual(finished.length + 1)
  }
  expect(finished).toEqual([10, 20, 30, 40])
  expect(begun).toEqual([1, 2, 3, 4])
})

it('throws what a piece of work throws when its turn comes, not before', async () => {
  const seen: number[] = []
  const all = async (): Promise<void> => {
    const work = async (item: number): Promise<number> => {
      if (item === 2) throw new Error('the second')
      return item
    }
    for await (const value of readAhead([1, 2, 3], work)) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push(value)
    }
  }
  await expect(all()).rejects.toThrow('the second')
  expect(seen).toEqual([1])
})

it('a cache keeps what came first and never more than its bytes', () => {
  const cache = new BoundedCache<Uint8Array>(100)
  cache.offer('a', new Uint8Array(60))
  cache.offer('b', new Uint8Array(60))
  cache.offer('c', new Uint8Array(40))
  expect(cache.get('a')).toHaveLength(60)
  expect(cache.get('b')).toBeUndefined()
  expect(cache.get('c')).toHaveLength(40)
})
