/** Numbers of an explanation as they are read. */
import type { Estimate, GapExperiment } from '@shared/domain/explanation'
import { formatDuration, formatPercent } from '@shared/text/format'
import type { Quantity } from './waterfall'

const signed = (value: number, digits: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`

/** '+2.8' points, '−1.2 s'. */
export function changeText(value: number, quantity: Quantity): string {
  if (quantity === 'accuracy') return signed(100 * value, 1)
  return `${signed(value, Math.abs(value) < 9.95 ? 2 : 0)} s`
}

/** '−1.4 to +5.6'; empty where there is no interval. */
export function intervalText({ low, high }: Estimate, quantity: Quantity): string {
  if (low === null || high === null) return ''
  return quantity === 'accuracy'
    ? `${signed(100 * low, 1)} to ${signed(100 * high, 1)}`
    : `${signed(low, 2)} to ${signed(high, 2)} s`
}

export function endText(value: number | null, quantity: Quantity): string {
  if (value === null) return '–'
  return quantity === 'accuracy' ? formatPercent(value) : formatDuration(value)
}

export const tickText = (value: number, quantity: Quantity): string =>
  quantity === 'accuracy' ? `${Number((100 * value).toFixed(2))} %` : `${Number(value.toPrecision(3))} s`

/** What was special about an experiment, in a few words. */
export function experimentNote({ state, cached, diverged, error }: GapExperiment): string {
  if (state === 'planned') return 'planned'
  if (state === 'running') return 'running'
  if (state === 'failed') return error ?? 'failed'
  if (diverged) return 'diverged: counts as guessing'
  return cached ? 'known from before' : ''
}
