import { expect, it } from 'vitest'
import { countFlips, disagreement } from '../../../main/services/evaluation/flips'
import { flipSummary, kindChoices } from '../../../renderer/components/compare/flip-text'
import type { Flips } from '@shared/domain/flips'

const side = (rows: [truth: number, predicted: number, probability: number][]) => ({
  imageIds: Int32Array.from(rows, (_, place) => place),
  truth: Int32Array.from(rows, ([truth]) => truth),
  predicted: Int32Array.from(rows, ([, predicted]) => predicted),
  probability: Float64Array.from(rows, ([, , probability]) => probability)
})
// The second run numbers its classes the other way round.
const first = { classes: ['cat', 'dog', 'eel'] }
const second = { classes: ['eel', 'dog', 'cat'] }

it('sorts pictures by who is right, classes by their names, the surest wrong answer first', () => {
  const found = disagreement(first, second, {
    a: side([
      [0, 0, 0.9], // cat, right
      [0, 0, 0.9],
      [1, 2, 0.3], // a dog taken for an eel
      [1, 2, 0.4],
      [2, 0, 0.5], // an eel taken for a cat
      [0, 0, 0.9]
    ]),
    b: side([
      [2, 2, 0.8], // cat, right
      [2, 1, 0.6], // cat taken for a dog
      [1, 1, 0.9], // dog, right
      [1, 0, 0.7], // taken for an eel as well
      [0, 1, 0.2], // taken for a dog: wrong too, and differently
      [1, 1, 0.9] // told that it is a dog
    ])
  })
  expect(found).toMatchObject({ common: 6, relabelled: 1, bothRight: 2, bothWrongAlike: 1 })
  expect(found.flips).toEqual([
    { place: 1, kind: 'only-a', label: 'cat', sureness: 0.6 },
    { place: 4, kind: 'both-wrong', label: 'eel', sureness: 0.5 },
    { place: 2, kind: 'only-b', label: 'dog', sureness: 0.3 }
  ])
  expect(countFlips([...found.flips, found.flips[2]!])).toEqual({
    counts: { 'only-a': 1, 'only-b': 2, 'both-wrong': 1 },
    classes: [
      { label: 'dog', counts: { 'only-a': 0, 'only-b': 2, 'both-wrong': 0 } },
      { label: 'cat', counts: { 'only-a': 1, 'only-b': 0, 'both-wrong': 0 } },
      { label: 'eel', counts: { 'only-a': 0, 'only-b': 0, 'both-wrong': 1 } }
    ]
  })
})

const flips = (change: Partial<Flips> = {}): Flips => ({
  common: 100,
  tested: { a: 100, b: 100 },
  relabelled: 0,
  bothRight: 80,
  bothWrongAlike: 4,
  counts: { 'only-a': 9, 'only-b': 6, 'both-wrong': 1 },
  classes: [{ label: 'cat', counts: { 'only-a': 2, 'only-b': 0, 'both-wrong': 0 } }],
  total: 9,
  flips: [],
  ...change
})

it('says of different test sets, and of other labels, that they are', () => {
  expect(flipSummary(flips(), 'A', 'B')).toEqual([
    'Of 100 test images in common, both got 80 right and made the same mistake on 4.'
  ])
  expect(flipSummary(flips({ tested: { a: 101, b: 130 }, relabelled: 2 }), 'A', 'B').slice(1)).toEqual([
    'The test sets differ: 1 image of A and 30 of B are left out.',
    '2 images had another label for B; each run is held to its own.'
  ])
  expect(flipSummary(flips({ common: 0 }), 'A', 'B')).toEqual([
    'A and B were tested on different images: none is in common.'
  ])
})

it('counts the kinds in the class that is looked at', () => {
  const labels = (label: string | null): string[] => kindChoices(flips(), label, 'A', 'B').map((kind) => kind.label)
  expect(labels(null)).toEqual(['Only A right · 9', 'Only B right · 6', 'Both wrong, differently · 1'])
  expect(labels('cat')).toEqual(['Only A right · 2', 'Only B right · 0', 'Both wrong, differently · 0'])
  expect(labels('dog')[0]).toBe('Only A right · 0')
})
