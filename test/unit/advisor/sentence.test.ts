/** What an advice says, from points as they are made. */
import { expect, test } from 'vitest'
import { answerOf, type Candidate } from '../../../main/services/advisor/points'
import { sentenceOf } from '../../../main/services/advisor/sentence'
import { BACKBONE } from '../../fixtures/runs-service'

/** Right on all but the last `wrong` of 200 images. */
const right = (wrong: number): Uint8Array =>
  Uint8Array.from({ length: 200 }, (_, index) => (index < 200 - wrong ? 1 : 0))
const candidate = (name: string, ms: number, changes: Partial<Candidate>): Candidate => ({
  backbone: { ...BACKBONE, id: name.toLowerCase(), name },
  speed: { msPerImage: ms, executor: 'onnxruntime' },
  screened: null,
  confirmed: null,
  running: false,
  error: null,
  ...changes
})
const said = (candidates: Candidate[], screenImages: number | null = null): string =>
  sentenceOf({ points: answerOf(candidates).points, screenImages, images: 1000 }).replaceAll('\u00a0', ' ')

test('the smaller one loses so much, with its interval, and is so many times as fast', () => {
  const points = [candidate('Small', 5, { confirmed: right(11) }), candidate('Large', 15, { confirmed: right(10) })]
  expect(said(points)).toMatch(
    /^Large is the most accurate: 95\.0 % at 15 ms a picture\. Small loses 0\.5 points \(95 % [+−]0\.0 to \+1\.5, which may be chance\) and is 3\.0 × as fast\.$/
  )
  const sure = [candidate('Small', 5, { confirmed: right(60) }), candidate('Large', 15, { confirmed: right(10) })]
  expect(said(sure)).toMatch(/Small loses 25\.0 points \(95 % \+1\d\.\d to \+3\d\.\d\) and/)
})

test('the points: intervals, the frontier, and what each loses against the most accurate', () => {
  const { points } = answerOf([
    candidate('Large', 15, { confirmed: right(10) }),
    candidate('Slow', 40, { confirmed: right(12) }),
    candidate('Small', 5, { confirmed: right(60) }),
    candidate('Broken', 1, { speed: null, error: 'Nothing here can run it.' })
  ])
  expect(points.map(({ name, frontier, stage }) => [name, frontier, stage])).toEqual([
    ['Small', true, 'confirmed'],
    ['Large', true, 'confirmed'],
    ['Slow', false, 'confirmed'],
    ['Broken', false, 'failed']
  ])
  const [small, large] = points
  expect(small!.accuracy).toMatchObject({ value: 0.7 })
  expect(small!.accuracy!.low).toBeLessThan(0.7)
  expect(small!.loss).toMatchObject({ value: 0.25, speedup: 3 })
  expect(large!.loss).toBeNull()
})

test('one that is best at both; those that are no better for being slower', () => {
  const points = [
    candidate('Lite', 5, { confirmed: right(4) }),
    candidate('Heavy', 15, { confirmed: right(10) }),
    candidate('Heavier', 25, { confirmed: right(4) })
  ]
  expect(said(points)).toBe(
    'Lite is the most accurate (98.0 %) and the fastest (5 ms a picture) at once. Heavy and Heavier are no more accurate than a faster one.'
  )
})

test('one alone, and nothing yet', () => {
  expect(said([candidate('Lite', 5.04, { confirmed: right(4) })])).toMatch(
    /^Lite is right on 98\.0 % \(95 % 95\.\d to 99\.\d\) at 5 ms a picture; there is no other to hold it against\.$/
  )
  expect(said([candidate('Lite', 5, {})])).toBe('Not enough has been measured yet to say anything.')
})

test('screened ones are compared among themselves, and it says so; confirmed ones leave them behind', () => {
  const part = right(20).subarray(0, 100)
  const screened = [
    candidate('Small', 5, { screened: part }),
    candidate('Large', 15, { screened: right(0).subarray(0, 100) })
  ]
  expect(said(screened, 400)).toMatch(/All of it on 400 of 1,000 pictures so far\.$/)
  const { points } = answerOf([screened[0]!, candidate('Large', 15, { screened: part, confirmed: right(10) })])
  expect(points.map(({ name, frontier }) => [name, frontier])).toEqual([
    ['Small', false],
    ['Large', true]
  ])
})
