/** What a threshold under which a run says 'unknown' costs and gains. */
import type { CoveragePoint } from '@shared/domain/evaluation-report'
import { formatPercent } from '@shared/text/format'

/**
 * What is answered at a threshold: the first point whose own is not below it. Null where nothing is sure enough.
 *
 * @param points ascending thresholds
 */
export function atThreshold(points: readonly CoveragePoint[], threshold: number): CoveragePoint | null {
  const point = points.find((each) => each.threshold >= threshold)
  return point && point.coverage > 0 ? point : null
}

/** The threshold, in per cent, at which about this share of the images is answered. */
export function thresholdFor(points: readonly CoveragePoint[], coverage: number): number {
  let best = points[0]
  for (const point of points) {
    if (!best || Math.abs(point.coverage - coverage) < Math.abs(best.coverage - coverage)) best = point
  }
  const threshold = best && coverage < 1 ? best.threshold : 0
  return Math.floor(Math.min(1, Math.max(0, threshold)) * 100) / 100
}

/** '90 % of images answered, 97 % right.' */
export function coverageSentence(point: CoveragePoint | null, threshold: number): string {
  if (!point) return `Nothing is answered: no image is ${formatPercent(threshold, 0)} sure.`
  const { coverage, accuracy } = point
  const answered = coverage > 0.9995 ? 'All images answered' : `${formatPercent(coverage, 0)} of images answered`
  return `${answered}, ${formatPercent(accuracy, accuracy > 0.985 && accuracy < 1 ? 1 : 0)} right.`
}
