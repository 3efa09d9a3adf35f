/** Shares with their intervals, a row each, over one axis. */
import { formatPercent } from '@shared/text/format'
import { html, type Html } from '../html'
import { ticks } from './ticks'

export interface IntervalRow {
  name: string
  color: number
  value: number
  low: number
  high: number
}

const WIDTH = 560
const ROW = 24
const NAMES = 190
const RIGHT = 16
const AXIS = 22

export function intervalPlot(title: string, rows: readonly IntervalRow[]): Html {
  const height = rows.length * ROW + AXIS
  const left = Math.min(...rows.map(({ low }) => low))
  const right = Math.max(...rows.map(({ high }) => high))
  const room = (right - left) * 0.05 || 0.01
  const span = right - left + 2 * room
  const xAt = (value: number): string =>
    String(Number((NAMES + ((value - left + room) / span) * (WIDTH - NAMES - RIGHT)).toFixed(2)))
  const label = rows.map(
    ({ name, value, low, high }) => `${name} ${formatPercent(value)} (${formatPercent(low)} to ${formatPercent(high)})`
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}: ${label.join('; ')}">
    ${ticks(left - room, right + room, 6).map(
      (value) =>
        html`<line class="grid" x1="${xAt(value)}" x2="${xAt(value)}" y1="0" y2="${height - AXIS}" />
          <text class="tick" x="${xAt(value)}" y="${height - 6}" text-anchor="middle">${formatPercent(value)}</text>`
    )}
    ${rows.map(({ name, color, value, low, high }, index) => {
      const y = index * ROW + ROW / 2
      return html`<text class="name" x="0" y="${y + 4}">${shortened(name)}</text>
        <line class="line run-${color % 8}" x1="${xAt(low)}" x2="${xAt(high)}" y1="${y}" y2="${y}" />
        <line class="line run-${color % 8}" x1="${xAt(low)}" x2="${xAt(low)}" y1="${y - 4}" y2="${y + 4}" />
        <line class="line run-${color % 8}" x1="${xAt(high)}" x2="${xAt(high)}" y1="${y - 4}" y2="${y + 4}" />
        <circle class="dot run-${color % 8}" cx="${xAt(value)}" cy="${y}" r="4.5" />`
    })}
  </svg>`
}

/** As many signs as there is room for. */
const LONGEST = 28
const shortened = (name: string): string => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name)
