import { expect, test } from 'vitest'
import type { SeedGroup } from '@shared/domain/comparison'
import { groupVerdict } from '../../main/services/compare/group-verdict'
import { keyedOutcomes } from '../../main/services/compare/outcomes'
import { groupBySeed, groupTests, seedGroup } from '../../main/services/compare/seed-groups'
import { makeRun } from '../fixtures/run'

const COUNT = 200
const images = Array.from({ length: COUNT }, (_, index) => `h${index}#0`)

/** A run that gets all but the first `wrong` images right, starting at `offset`. */
function tested(id: string, seed: number, learningRate: number, wrong: number, offset = 0) {
  const run = makeRun({ id, name: id })
  run.config = { ...run.config, seed, head: { ...run.config.head, learningRate } }
  const outcomes = keyedOutcomes(
    run,
    images.map((_, index) => {
      const isWrong = (index - offset + COUNT) % COUNT < wrong
      return { hash: `h${index}`, path: String(index).padStart(4, '0'), truth: 0, predicted: Number(isWrong) }
    })
  )
  return { run, contract: null, outcomes }
}

function judged(runs: ReturnType<typeof tested>[]) {
  const members = groupBySeed(runs)
  const groups: SeedGroup[] = members.map((each) => seedGroup(each, images, ({ name }) => name))
  const tests = groupTests(groups, members, images)
  return { groups, tests, verdict: groupVerdict({ groups, tests, count: COUNT, sameTestSet: true }) }
}

test('runs that differ in their seed, their name and the machine alone are a group', () => {
  const [a, b, c] = [tested('a', 1, 0.1, 4), tested('b', 2, 0.1, 5), tested('c', 1, 0.2, 4)]
  a.run.config.preset = 'naive'
  b.run.environment = null
  expect(groupBySeed([a, b, c]).map((group) => group.map(({ run }) => run.id))).toEqual([['a', 'b'], ['c']])
  const elsewhere = tested('d', 3, 0.1, 4)
  elsewhere.run.datasetHash = 'beef'.repeat(16)
  expect(groupBySeed([a, elsewhere])).toHaveLength(2)
})

test('better over seeds, and on the images', () => {
  const worse = [1, 2, 3].map((seed) => tested(`a${seed}`, seed, 0.1, 40 + seed))
  const better = [1, 2, 3].map((seed) => tested(`b${seed}`, seed, 0.2, 10 + seed))
  const { groups, tests, verdict } = judged([...worse, ...better])
  expect(groups.map(({ seeds }) => seeds)).toEqual([
    [1, 2, 3],
    [1, 2, 3]
  ])
  expect(tests).toEqual([
    expect.objectContaining({ a: 0, b: 1, difference: expect.closeTo(0.15, 10), corrected: tests[0]!.seeds!.p })
  ])
  // Both spread by .005: Welch's error is .005·√(2/3), with four degrees of freedom.
  expect(tests[0]!.seeds!.low).toBeCloseTo(0.15 - 2.7764451 * 0.005 * Math.sqrt(2 / 3), 8)
  expect(verdict).toMatch(
    /^Over 3 seeds, b1 is better than a1 by 15\.0 points \(95 % 13\.9 to 16\.1, p < \.001, 200 test images\)\.$/
  )
})

test('what seeds agree on may still be chance of the images', () => {
  const worse = [1, 2, 3].map((seed) => tested(`a${seed}`, seed, 0.1, 6))
  const better = [1, 2, 3].map((seed) => tested(`b${seed}`, seed, 0.2, 4, 100))
  expect(judged([...worse, ...better]).verdict).toMatch(
    /^A tie: over 3 seeds, b1 leads a1 by 1\.0 points? \(95 % 1\.0 to 1\.0, p < \.001, 200 test images\), but with other test images it might not \(95 % −\d\.\d to \d\.\d\)/
  )
})

test('seeds that disagree, and a side with one seed', () => {
  const spread = [tested('a1', 1, 0.1, 10), tested('a2', 2, 0.1, 30)]
  const others = [tested('b1', 1, 0.2, 8), tested('b2', 2, 0.2, 28)]
  expect(judged([...spread, ...others]).verdict).toMatch(
    /^A tie: over 2 seeds, b1 leads a1 by .* which may be chance .*; more seeds/
  )
  const alone = judged([...spread, tested('b1', 1, 0.2, 2)])
  expect(alone.tests[0]!.seeds).toBeNull()
  expect(alone.verdict).toMatch(/^Over 1 seed of b1 and 2 of a1, b1 is better .* Of b1 the seed was not varied\.$/)
})

test('seeds of the same settings have nothing to choose between', () => {
  const { verdict, tests } = judged([tested('a1', 1, 0.1, 10), tested('a2', 2, 0.1, 14)])
  expect(tests).toEqual([])
  expect(verdict).toMatch(
    /^The same settings over 2 seeds: 94\.0 % on average \(95 % 81\.3 % to 100\.0 %, 200 test images\)\. Between the runs lie 2\.0 points/
  )
})
