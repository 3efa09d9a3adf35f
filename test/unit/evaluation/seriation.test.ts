import { expect, it } from 'vitest'
import { similarityOrder, sizeOrder } from '../../../renderer/components/evaluation/seriation'
import { createRandom } from '@shared/random'

/** Counts with 10 right in each class and these confusions. */
function confusion(count: number, pairs: [truth: number, predicted: number, images: number][]): number[][] {
  const matrix = Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_, col) => (row === col ? 10 : 0))
  )
  for (const [truth, predicted, images] of pairs) matrix[truth]![predicted]! += images
  return matrix
}

/** Confusions, weighted by how far from the diagonal they lie. */
function spread(matrix: number[][], order: number[]): number {
  const place = order.map((_, index) => order.indexOf(index))
  return matrix.reduce(
    (sum, row, truth) =>
      sum + row.reduce((s, images, guess) => s + images * Math.abs(place[truth]! - place[guess]!), 0),
    0
  )
}

it('is a permutation; what is never confused stays at the end, in its order', () => {
  expect(similarityOrder([])).toEqual([])
  expect(similarityOrder(confusion(4, []))).toEqual([0, 1, 2, 3])
  expect(similarityOrder(confusion(5, [[4, 1, 3]]))).toEqual([1, 4, 0, 2, 3])
  // A class without images.
  expect(
    similarityOrder([
      [0, 0],
      [1, 3]
    ]).sort()
  ).toEqual([0, 1])
})

it('puts a chain of confusions in its order, from whichever end', () => {
  const chain = [3, 0, 5, 1, 4, 2]
  const matrix = confusion(
    6,
    chain.slice(1).map((to, index) => [chain[index]!, to, 5])
  )
  const order = similarityOrder(matrix)
  expect([chain, chain.toReversed()]).toContainEqual(order)
})

it('gathers interleaved groups into blocks, the larger first', () => {
  const groups = [
    [0, 3, 6, 9],
    [1, 4, 7],
    [2, 5]
  ]
  const pairs = groups.flatMap((group) =>
    group.flatMap((a) => group.filter((b) => b !== a).map((b): [number, number, number] => [a, b, 2]))
  )
  const order = similarityOrder(confusion(10, pairs))
  const groupOf = (index: number): number => groups.findIndex((group) => group.includes(index))
  expect(order.map(groupOf)).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, -1])
})

it('brings confusions nearer to the diagonal than any of a hundred shuffles', () => {
  const random = createRandom(7)
  const count = 30
  const pairs = Array.from({ length: count }, (_, at): [number, number, number] => [
    (at * 7) % count,
    ((at + 1) * 7) % count,
    1 + random.int(6)
  ])
  const matrix = confusion(count, pairs)
  const mine = spread(matrix, similarityOrder(matrix))
  for (let trial = 0; trial < 100; trial++) {
    const shuffled = [...random.permutation(count)]
    expect(mine).toBeLessThan(spread(matrix, shuffled))
  }
})

it('orders by size', () => {
  expect(
    sizeOrder([
      [1, 0, 0],
      [0, 4, 1],
      [2, 3, 0]
    ])
  ).toEqual([1, 2, 0])
})
