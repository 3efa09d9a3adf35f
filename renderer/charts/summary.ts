/** Charts in words, for those who do not see them. */
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import type { CurveSeries, XAxis } from './series'

/** A y value as its series shows it. */
export function formatValue(value: number, unit: CurveSeries['unit'] = 'number'): string {
  if (!Number.isFinite(value)) return '–'
  if (unit === 'percent') return formatPercent(value)
  const size = Math.abs(value)
  return size >= 0.001 && size < 1000 ? value.toFixed(size < 10 ? 3 : 1) : formatNumber(value)
}

/** An x value with its unit: 'step 120', 'epoch 3.5', '12 s'. */
export function formatX(x: number, axis: XAxis): string {
  if (axis === 'time') return formatDuration(Math.max(x, 0))
  return axis === 'step' ? `step ${Math.round(x)}` : `epoch ${x.toFixed(x % 1 === 0 ? 0 : 2)}`
}

/** 'Loss over epochs. Training: from 2.890 to 0.412, lowest 0.398 at epoch 9. …' */
export function describeCurves(title: string, series: readonly CurveSeries[], axis: XAxis): string {
  const sentences = series.map((line) => {
    const finite = line.points.filter((point) => Number.isFinite(point.y))
    if (finite.length === 0) return `${line.label}: no values yet.`
    const show = (value: number): string => formatValue(value, line.unit)
    const best = finite.reduce((a, b) => ((line.unit === 'percent' ? b.y > a.y : b.y < a.y) ? b : a))
    const word = line.unit === 'percent' ? 'highest' : 'lowest'
    const gaps = line.points.length - finite.length
    const gapText = gaps > 0 ? `, ${gaps} values not finite` : ''
    return (
      `${line.label}: from ${show(finite[0]!.y)} to ${show(finite.at(-1)!.y)}, ` +
      `${word} ${show(best.y)} at ${formatX(best.x, axis)}${gapText}.`
    )
  })
  return [`${title} by ${axis}.`, ...sentences].join(' ')
}
