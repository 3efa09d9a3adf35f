/** A chart.js plugin that draws the shared cross-hair and marks the nearest point of each curve. */
import type { Chart, Plugin } from 'chart.js'
import { nearestPoint } from './points'
import type { CurveSeries } from './series'
import type { ChartTheme } from './theme'

/** What the plugin draws, asked anew at each drawing. */
export interface CrosshairSource {
  x(): number | null
  series(): readonly CurveSeries[]
  theme(): ChartTheme
}

export function crosshairPlugin(source: CrosshairSource): Plugin<'line'> {
  return {
    id: 'crosshair',
    afterDatasetsDraw(chart) {
      const x = source.x()
      const { x: scale, y: values } = chart.scales
      if (x === null || !scale || !values || x < scale.min || x > scale.max) return
      const theme = source.theme()
      drawLine(chart, scale.getPixelForValue(x), theme.text)
      for (const line of source.series()) {
        const point = nearestPoint(line.points, x)
        if (!point || point.x < scale.min || point.x > scale.max) continue
        drawMark(chart, scale.getPixelForValue(point.x), values.getPixelForValue(point.y), line.color, theme.background)
      }
    }
  }
}

function drawLine(chart: Chart, pixel: number, color: string): void {
  const { ctx, chartArea } = chart
  ctx.save()
  ctx.beginPath()
  ctx.setLineDash([3, 3])
  ctx.lineWidth = 1
  ctx.strokeStyle = color
  ctx.moveTo(Math.round(pixel) + 0.5, chartArea.top)
  ctx.lineTo(Math.round(pixel) + 0.5, chartArea.bottom)
  ctx.stroke()
  ctx.restore()
}

function drawMark(chart: Chart, x: number, y: number, color: string, background: string): void {
  const { ctx, chartArea } = chart
  if (y < chartArea.top || y > chartArea.bottom) return
  ctx.save()
  ctx.beginPath()
  ctx.arc(x, y, 4, 0, Math.PI * 2)
  ctx.fillStyle = color
  ctx.fill()
  ctx.lineWidth = 1.5
  ctx.strokeStyle = background
  ctx.stroke()
  ctx.restore()
}
