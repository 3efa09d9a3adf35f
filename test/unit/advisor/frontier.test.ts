/** Which backbones stay on the frontier, which are looked at again, and on which pictures. */
import { describe, expect, test } from 'vitest'
import { contenders, frontierOf, gainOf, shareOf, type Trialled } from '../../../main/services/advisor/frontier'
import { Costs } from '../../../main/services/advisor/costs'
import { subsample } from '../../../main/services/advisor/subsample'
import type { TrainingImage } from '../../../main/store/store'

/** Right on the first `right` of 100 images. */
const tried = (backboneId: string, msPerImage: number, right: number): Trialled => ({
  backboneId,
  msPerImage,
  correct: Uint8Array.from({ length: 100 }, (_, index) => (index < right ? 1 : 0))
})
const ids = (trials: readonly Trialled[]): string[] => trials.map(({ backboneId }) => backboneId)

describe('frontier', () => {
  test('keeps what no other one beats in both, fastest first', () => {
    const trials = [tried('large', 30, 95), tried('poor', 20, 80), tried('small', 5, 85), tried('middle', 10, 90)]
    expect(ids(frontierOf(trials))).toEqual(['small', 'middle', 'large'])
  })

  test('of two as accurate the faster one stays, of two as fast the more accurate one, and twins stay both', () => {
    expect(ids(frontierOf([tried('slow', 9, 90), tried('fast', 8, 90)]))).toEqual(['fast'])
    expect(ids(frontierOf([tried('worse', 8, 89), tried('better', 8, 90)]))).toEqual(['better'])
    expect(ids(frontierOf([tried('one', 8, 90), tried('two', 8, 90)]))).toEqual(['one', 'two'])
    expect(frontierOf([])).toEqual([])
  })

  test('against every definition by brute force', () => {
    let state = 7
    const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
    for (let round = 0; round < 200; round++) {
      const trials = Array.from({ length: 6 }, (_, index) =>
        tried(String(index), 1 + Math.floor(next() * 5), Math.floor(next() * 8) * 10)
      )
      const kept = new Set(frontierOf(trials))
      for (const one of trials) {
        const isBeaten = trials.some(
          (other) =>
            other.msPerImage <= one.msPerImage &&
            shareOf(other.correct) >= shareOf(one.correct) &&
            (other.msPerImage < one.msPerImage || shareOf(other.correct) > shareOf(one.correct))
        )
        expect(kept.has(one)).toBe(!isBeaten)
      }
    }
  })

  test('what is beaten by chance only is looked at again, after the frontier; what is beaten for sure is not', () => {
    const trials = [tried('best', 10, 90), tried('close', 20, 89), tried('far', 30, 60), tried('closer', 25, 90)]
    expect(gainOf(trials[0]!, trials[2]!).high).toBeLessThan(0)
    expect(ids(contenders(trials))).toEqual(['best', 'closer', 'close'])
  })
})

describe('subsample', () => {
  const images = (perClass: number, classes: number): TrainingImage[] =>
    Array.from({ length: classes * perClass }, (_, id) => ({
      id,
      path: `${id}.png`,
      hash: String((id * 7919) % 100_003).padStart(6, '0'),
      classIndex: id % classes,
      split: (['train', 'train', 'train', 'validation', 'test'] as const)[Math.floor(id / classes) % 5]!
    }))

  test('is stratified, the same each time whatever the order, and none where it would be nearly everything', () => {
    const all = images(500, 10)
    const part = subsample(all)!
    expect(part.length).toBe(800)
    for (let label = 0; label < 10; label++) {
      const own = part.filter(({ classIndex }) => classIndex === label)
      expect(own.filter(({ split }) => split === 'train')).toHaveLength(40)
      expect(own.filter(({ split }) => split === 'validation')).toHaveLength(10)
      expect(own.filter(({ split }) => split === 'test')).toHaveLength(30)
    }
    const again = subsample([...all].reverse())!
    expect(new Set(again.map(({ id }) => id))).toEqual(new Set(part.map(({ id }) => id)))
    expect(subsample(images(50, 10))).toBeNull()
  })

  test('of many classes each keeps enough to learn from', () => {
    const part = subsample(images(50, 400))!
    for (let label = 0; label < 400; label++) {
      const own = part.filter(({ classIndex }) => classIndex === label)
      expect(own.filter(({ split }) => split === 'train').length).toBe(5)
      expect(own.filter(({ split }) => split === 'test').length).toBe(2)
    }
  })
})

test('costs are learned: the overhead over the network from features, the rest from what else a trial took', () => {
  const costs = new Costs()
  expect(costs.of(1000, 10)).toBeCloseTo(19)
  costs.add({ seconds: 23, features: { computed: 1000, seconds: 20 }, msPerImage: 10 })
  expect(costs.of(1000, 10)).toBeCloseTo(23)
  expect(costs.of(500, 40)).toBeCloseTo(43)
  // Nothing had to be computed: it says nothing about computing.
  costs.add({ seconds: 1, features: { computed: 0, seconds: 0 }, msPerImage: 10 })
  expect(costs.of(0, 10)).toBeCloseTo(2)
})
