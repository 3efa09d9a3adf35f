/** Curves over a common axis as an SVG picture: each run in its colour and its dash, gaps where a value was not finite. */
import type { Points } from '@shared/curves/points'
import { runDash } from '@shared/run-palette'
import { formatNumber } from '@shared/text/format'
import { html, type Html } from '../html'
import { ticks } from './ticks'

export interface Line {
  name: string
  /** Index into the palette. */
  color: number
  points: Points
}

/** Of the picture; it scales with the page. */
const WIDTH = 560
const HEIGHT = 220
const MARGIN = { left: 52, right: 10, top: 8, bottom: 34 }

/** Columns of the plot: what curves are to be cut down to. */
export const PLOT_COLUMNS = WIDTH - MARGIN.left - MARGIN.right

export function lineChart(title: string, xTitle: string, lines: readonly Line[]): Html {
  const [left, right] = rangeOf(lines.flatMap(({ points }) => [points.x]))
  const [low, high] = padded(rangeOf(lines.map(({ points }) => points.y)))
  const xAt = (x: number): number => MARGIN.left + ((x - left) / (right - left || 1)) * PLOT_COLUMNS
  const bottom = HEIGHT - MARGIN.bottom
  const yAt = (y: number): number => bottom - ((y - low) / (high - low || 1)) * (bottom - MARGIN.top)
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${summaryOf(lines)}">
    ${ticks(low, high).map(
      (value) =>
        html`<line
            class="grid"
            x1="${MARGIN.left}"
            x2="${WIDTH - MARGIN.right}"
            y1="${at(yAt(value))}"
            y2="${at(yAt(value))}"
          />
          <text class="tick" x="${MARGIN.left - 6}" y="${at(yAt(value) + 4)}" text-anchor="end"
            >${formatNumber(value)}</text
          >`
    )}
    ${ticks(left, right, 7).map(
      (value) =>
        html`<text class="tick" x="${at(xAt(value))}" y="${bottom + 15}" text-anchor="middle"
          >${formatNumber(value)}</text
        >`
    )}
    <text class="tick" x="${MARGIN.left + PLOT_COLUMNS / 2}" y="${HEIGHT - 4}" text-anchor="middle">${xTitle}</text>
    ${lines.map(
      ({ name, color, points }) =>
        html`<path
          class="line run-${color % 8}"
          stroke-dasharray="${runDash(color).join(' ')}"
          d="${pathOf(points, xAt, yAt)}"
          ><title>${name}</title></path
        >`
    )}
  </svg>`
}

/** A hundredth of a pixel is enough, and keeps the file small. */
const at = (value: number): string => String(Number(value.toFixed(2)))

function pathOf({ x, y }: Points, xAt: (x: number) => number, yAt: (y: number) => number): string {
  let path = ''
  let pen = 'M'
  for (let index = 0; index < x.length; index++) {
    if (Number.isFinite(y[index]!)) {
      path += `${pen}${at(xAt(x[index]!))} ${at(yAt(y[index]!))}`
      pen = 'L'
    } else pen = 'M'
  }
  return path
}

function rangeOf(columns: readonly Float64Array[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity]
  for (const column of columns) {
    for (const value of column) {
      if (!Number.isFinite(value)) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  }
  return low > high ? [0, 1] : [low, high]
}

/** A little room above and below; some where all values are the same. */
function padded([low, high]: [number, number]): [low: number, high: number] {
  const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1
  return [low - room, high + room]
}

function summaryOf(lines: readonly Line[]): string {
  return lines
    .map(({ name, points }) => {
      const last = points.y.findLast((value) => Number.isFinite(value))
      return `${name} ends at ${last === undefined ? 'no value' : formatNumber(last)}`
    })
    .join('; ')
}
