import { expect, test } from 'vitest'
import { drawBlocks, formatRate, learningCount } from '../../renderer/components/new-run/blocks'

const NAMES = ['stem', 'b0', 'b1', 'head']

test('the last blocks learn, at most all of them; what is no number yet is none', () => {
  expect(learningCount(2, 4)).toBe(2)
  expect(learningCount(99, 4)).toBe(4)
  expect(learningCount('all', 4)).toBe(4)
  expect(learningCount('tw', 4)).toBeNull()
  expect(learningCount(0, 4)).toBeNull()
})

test('the rate falls by the decay from block to block, towards the picture', () => {
  const drawn = drawBlocks(NAMES, 2, 0.5, 0.001)
  expect(drawn.map(({ learns }) => learns)).toEqual([false, false, true, true])
  expect(drawn.map(({ share }) => share)).toEqual([0, 0, 0.25, 0.5])
  expect(drawn.map(({ text }) => text)).toEqual([
    'stem: frozen',
    'b0: frozen',
    'b1: learns at 0.00025',
    'head: learns at 0.0005'
  ])
  expect(drawBlocks(NAMES, 1, 1, null).at(-1)).toMatchObject({ share: 1, text: 'head: learns' })
})

test('a rate has two digits that count', () => {
  expect([0.0003, 0.00029876, 0.00000123, 1].map(formatRate)).toEqual(['0.0003', '0.0003', '1.2e-6', '1'])
})
