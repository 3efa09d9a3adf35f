/** Charts in words, for those who do not see them. */
import { formatBytes, formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { nearestIndex } from '@shared/curves/points'
import type { CurveLine, Unit, XAxis } from './series'

/** A y value as its series shows it. */
export function formatValue(value: number, unit: Unit = 'number'): string {
  if (!Number.isFinite(value)) return '–'
  if (unit === 'percent') return formatPercent(value)
  if (unit === 'bytes') return formatBytes(value)
  const size = Math.abs(value)
  return size >= 0.001 && size < 1000 ? value.toFixed(size < 10 ? 3 : 1) : formatNumber(value)
}

/** An x value with its unit: 'step 120', 'epoch 3.5', '12 s'. */
export function formatX(x: number, axis: XAxis): string {
  if (axis === 'time') return formatDuration(Math.max(x, 0))
  return axis === 'step' ? `step ${Math.round(x)}` : `epoch ${x.toFixed(x % 1 === 0 ? 0 : 2)}`
}

/** The value of a line at an x: of the nearest point that is drawn; at null the newest. */
export function valueAt({ points }: CurveLine, x: number | null): number | null {
  const at = nearestIndex(points, x ?? Infinity)
  return at < 0 ? null : points.y[at]!
}

/** More lines than this are told of as one. */
const MOST_SENTENCES = 8

/** 'Loss over epochs. Training: from 2.890 to 0.412, lowest 0.398 at epoch 9. …' */
export function describeCurves(title: string, lines: readonly CurveLine[], axis: XAxis, unit: Unit = 'number'): string {
  if (lines.length > MOST_SENTENCES) return `${title} by ${axis}. ${describeMany(lines, axis, unit)}`
  const sentences = lines.map((line) => {
    const found = extremes(line)
    if (!found) return `${line.label}: no values yet.`
    const show = (value: number): string => formatValue(value, unit)
    const { first, last, gaps } = found
    const best = unit === 'percent' ? found.high : found.low
    const word = unit === 'percent' ? 'highest' : 'lowest'
    const gapText = gaps > 0 ? `, ${gaps} values not finite` : ''
    return (
      `${line.label}: from ${show(first)} to ${show(last)}, ` +
      `${word} ${show(best.y)} at ${formatX(best.x, axis)}${gapText}.`
    )
  })
  return [`${title} by ${axis}.`, ...sentences].join(' ')
}

function describeMany(lines: readonly CurveLine[], axis: XAxis, unit: Unit): string {
  const all = lines.flatMap((line) => {
    const found = extremes(line)
    return found ? [{ line, ...found }] : []
  })
  if (all.length === 0) return `${lines.length} curves: no values yet.`
  const low = all.reduce((a, b) => (b.low.y < a.low.y ? b : a))
  const high = all.reduce((a, b) => (b.high.y > a.high.y ? b : a))
  const tell = (word: string, { y, x }: { x: number; y: number }, { label }: CurveLine): string =>
    `${word} ${formatValue(y, unit)} at ${formatX(x, axis)} (${label})`
  return `${lines.length} curves; ${tell('lowest', low.low, low.line)}, ${tell('highest', high.high, high.line)}.`
}

interface Extremes {
  first: number
  last: number
  low: { x: number; y: number }
  high: { x: number; y: number }
  gaps: number
}

function extremes({ points: { x, y } }: CurveLine): Extremes | null {
  let found: Extremes | null = null
  let gaps = 0
  for (let index = 0; index < x.length; index++) {
    const value = y[index]!
    if (!Number.isFinite(value)) {
      gaps++
      continue
    }
    const point = { x: x[index]!, y: value }
    found ??= { first: value, last: value, low: point, high: point, gaps }
    found.last = value
    if (value < found.low.y) found.low = point
    if (value > found.high.y) found.high = point
  }
  return found && { ...found, gaps }
}
