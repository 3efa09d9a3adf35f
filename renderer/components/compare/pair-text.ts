/** p-values and differences in words. */
import { formatPercent } from '@shared/text/format'

/** 'p = .02', 'p < .001': three decimals at most, as the APA writes them. */
export function formatP(p: number): string {
  if (p < 0.001) return '< .001'
  return p
    .toFixed(p < 0.1 ? 3 : 2)
    .replace(/^0/, '')
    .replace(/^1\.00$/, '1')
}

/** '+2.1 points', with a true minus. */
export function formatPoints(difference: number): string {
  const points = (difference * 100).toFixed(1)
  return `${difference > 0 ? '+' : ''}${points.replace('-', '−')} points`
}

/** '88–96 %' */
export function formatInterval([low, high]: readonly [number, number]): string {
  return `${formatPercent(low, 0).replace(' %', '')}–${formatPercent(high, 0)}`
}

/** '0.4 to 3.9', a range of differences in points. */
export function formatRange({ low, high }: { low: number; high: number }): string {
  const text = (share: number): string =>
    (share * 100)
      .toFixed(1)
      .replace(/^-0\.0$/, '0.0')
      .replace('-', '−')
  return `${text(low)} to ${text(high)}`
}
