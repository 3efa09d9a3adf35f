/** Figures of a comparison as its sentences write them. */
import type { Run } from '@shared/domain/run'
import { imagesNeeded } from '@shared/statistics/images-needed'
import { formatCount } from '@shared/text/format'

/** Differences that chance alone makes less often than this count as real. */
export const SIGNIFICANT = 0.05
/** The difference that a tie is asked about. */
const ONE_POINT = 0.01

/** 'p = .02', 'p < .001'. */
export function formatP(p: number): string {
  if (p < 0.001) return 'p < .001'
  if (p > 0.995) return 'p = 1'
  const digits = p < 0.0095 ? 3 : 2
  return `p = ${p.toFixed(digits).replace(/^0/, '')}`
}

/** '2.1 points', '1 point'. */
export function formatPoints(share: number): string {
  const points = Math.abs(share * 100)
  return points === 1 ? '1 point' : `${points.toFixed(1)} points`
}

/** '95 % 0.4 to 3.9', in points, with a true minus. */
export function formatRange({ low, high }: { low: number; high: number }): string {
  const points = (share: number): string =>
    (share * 100)
      .toFixed(1)
      .replace('-', '−')
      .replace(/^−(0\.0)$/, '$1')
  return `95 % ${points(low)} to ${points(high)}`
}

/** '480 test images' */
export const formatImages = (count: number): string => `${formatCount(count)} test image${count === 1 ? '' : 's'}`

/** 'A', 'A and B', 'A, B and C' */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`
}

/** Runs may share a name; then the beginning of the id tells them apart. */
export function distinctNames(runs: readonly Run[]): Map<string, string> {
  const twice = (run: Run): boolean => runs.some(({ id, name }) => id !== run.id && name === run.name)
  return new Map(runs.map((run) => [run.id, twice(run) ? `${run.name} (${run.id.slice(0, 6)})` : run.name]))
}

/** What it would take to tell a tie from a difference: of the size that was seen or, if that is less, of one point. */
export function imagesToTell(difference: number, discordant: number, count: number): string {
  const needed = (size: number): number => imagesNeeded({ difference: size, discordant, count }) - count
  const seen = Math.abs(difference)
  const size = seen > ONE_POINT && needed(seen) > 0 ? seen : ONE_POINT
  const more = needed(size)
  if (more <= 0) return `a difference of ${formatPoints(size)} would most likely have been seen`
  const images = more === 1 ? '1 more test image' : `${formatCount(more)} more test images`
  return `${images} would be needed to see ${formatPoints(size)}`
}
