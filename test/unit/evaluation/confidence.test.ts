import { expect, it } from 'vitest'
import type { CoveragePoint, Reliability } from '@shared/domain/evaluation-report'
import {
  binText,
  calibrationSentence,
  overconfidence,
  reliabilitySummary
} from '../../../renderer/components/evaluation/calibration-text'
import { atThreshold, coverageSentence, thresholdFor } from '../../../renderer/components/evaluation/coverage'

const CURVE: CoveragePoint[] = [
  { threshold: 0.2, coverage: 1, accuracy: 0.8 },
  { threshold: 0.5, coverage: 0.9, accuracy: 0.85 },
  { threshold: 0.7, coverage: 0.5, accuracy: 0.9 },
  { threshold: 0.99, coverage: 0.1, accuracy: 1 }
]

it('answers what is at least as sure as the threshold', () => {
  expect(atThreshold(CURVE, 0)).toBe(CURVE[0])
  expect(atThreshold(CURVE, 0.5)).toBe(CURVE[1])
  expect(atThreshold(CURVE, 0.51)).toBe(CURVE[2])
  expect(atThreshold(CURVE, 1)).toBeNull()
  expect(atThreshold([], 0.5)).toBeNull()
})

it('finds the threshold for a coverage, so that dragging to a place shows that place', () => {
  for (const point of CURVE) {
    expect(atThreshold(CURVE, thresholdFor(CURVE, point.coverage))).toBe(point)
  }
  expect(thresholdFor(CURVE, 1)).toBe(0)
  expect(thresholdFor(CURVE, 2)).toBe(0)
  expect(thresholdFor(CURVE, -1)).toBe(0.99)
  expect(thresholdFor([], 0.5)).toBe(0)
})

it('says what a threshold costs and gains', () => {
  expect(coverageSentence(CURVE[1]!, 0.5)).toBe('90 % of images answered, 85 % right.')
  expect(coverageSentence({ threshold: 0.5, coverage: 0.9, accuracy: 0.994 }, 0.5)).toBe(
    '90 % of images answered, 99.4 % right.'
  )
  expect(coverageSentence(CURVE[0]!, 0)).toBe('All images answered, 80 % right.')
  expect(coverageSentence(null, 1)).toBe('Nothing is answered: no image is 100 % sure.')
})

const bin = (low: number, count: number, confidence: number, accuracy: number) => ({
  low,
  high: low + 0.1,
  count,
  confidence,
  accuracy
})
const reliability = (error: number, ...bins: Reliability['bins']): Reliability => ({ error, loss: 1, bins })

it('tells too sure from not sure enough, and both from both at once', () => {
  const over = reliability(0.1, bin(0.8, 10, 0.85, 0.75))
  const under = reliability(0.1, bin(0.8, 10, 0.85, 0.95))
  const both = reliability(0.1, bin(0.8, 10, 0.85, 0.75), bin(0.5, 10, 0.55, 0.65))
  expect(overconfidence(over)).toBeCloseTo(0.1, 12)
  expect(overconfidence(reliability(0))).toBe(0)
  expect(calibrationSentence(over)).toBe('Its confidence is off by 10.0 points on average: it is too sure.')
  expect(calibrationSentence(under)).toMatch(/not sure enough\.$/)
  expect(calibrationSentence(both)).toMatch(/too sure in places and not sure enough in others\.$/)
  expect(calibrationSentence({ ...over, error: 0.01 })).toMatch(/taken at its word\.$/)
})

it('reads the diagram out, empty bins left out', () => {
  expect(binText(bin(0.8, 1, 0.85, 1))).toBe('80–90 %: 1 image, 85 % sure and 100 % right')
  expect(reliabilitySummary(reliability(0.1, bin(0.1, 0, 0, 0), bin(0.8, 4, 0.85, 0.75)))).toBe(
    'Reliability diagram. Its confidence is off by 10.0 points on average: it is too sure. 80–90 %: 4 images, 85 % sure and 75 % right.'
  )
})
