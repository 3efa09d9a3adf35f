/**
 * The life of one curve chart: made when its canvas is there, painted at most once a frame, ended with its component. The data never
 * enters Vue's deep reactivity: whole columns come in and are painted as they are.
 */
import { onBeforeUnmount, onMounted, shallowRef, watch, type Ref } from 'vue'
import type { Plugin } from 'chart.js'
import { boundsOf } from '@shared/curves/points'
import { panned, within, zoomed, type Range } from './axis-range'
import { curveOptions, pinAnnotations, type OptionsInput, type Pin } from './curve-options'
import { attachGestures } from './gestures'
import { axisMap, paintBand, paintLine, type Plot } from './line-painter'
import { lineAt, paintOverlay } from './overlay'
import { faint, withOpacity } from './palette'
import type { CurveLine } from './series'
import { Chart } from './setup'
import type { CurveSync } from './sync'
import { useChartTheme } from './theme'
import { valueRange } from './value-range'

export interface CurveChartInput extends Pick<OptionsInput, 'axis' | 'unit' | 'logX' | 'logY' | 'hideX'> {
  lines: readonly CurveLine[]
  pins: readonly Pin[]
  /** First and last x of the whole series, of which the lines may hold a part; null: they hold all. */
  bounds: Range | null
  /** Where the x axis ends when the data does not reach so far yet. */
  expectedEnd: number | null
  /** Whether a line that is pointed at stands out. */
  selectable: boolean
}

export interface CurveChartHandle {
  /** About the cross-hair, or the middle of what is shown: above 1 is closer. */
  zoom(factor: number): void
  /** By a share of what is shown. */
  pan(share: number): void
  reset(): void
  /** Width of the plot, css pixels; 0 until it is laid out. */
  width: Readonly<Ref<number>>
}

/** More lines than this are drawn thin. */
const MANY = 20

export function useCurveChart(
  canvas: Readonly<Ref<HTMLCanvasElement | null>>,
  overlay: Readonly<Ref<HTMLCanvasElement | null>>,
  input: () => CurveChartInput,
  sync: CurveSync
): CurveChartHandle {
  const theme = useChartTheme()
  const width = shallowRef(0)
  let chart: Chart<'line', never[]> | null = null
  let plot: Plot | null = null
  let drag: readonly [number, number] | null = null
  let frame = 0
  let overlayFrame = 0
  let detach: (() => void) | null = null

  const whole = (): Range => {
    const { lines, bounds, expectedEnd, logX } = input()
    const [first, last] = bounds ?? boundsOf(lines.map(({ points }) => points)) ?? [0, 1]
    const end = Math.max(last, expectedEnd ?? last)
    if (!logX) return [Math.min(first, 0), end > 0 ? end : 1]
    const least = first > 0 ? first : Math.min(...lines.map(({ points: { x } }) => x.find((at) => at > 0) ?? Infinity))
    return least < end ? [least, end] : [end / 10 || 0.1, end || 1]
  }
  const inView = (): Range => (sync.range.value && within(sync.range.value, whole())) ?? whole()

  const curves: Plugin<'line'> = {
    id: 'curves',
    beforeDatasetsDraw({ ctx, chartArea: { left, top, right, bottom }, scales }) {
      const { lines, logX, logY } = input()
      const { x, y } = scales
      if (!x || !y) return
      plot = { left, top, right, bottom, from: x.min, to: x.max, x: axisMap(x, logX), y: axisMap(y, logY) }
      ctx.save()
      ctx.beginPath()
      // Markers and strokes may reach a little over the edge.
      ctx.rect(left - 4, top - 4, right - left + 8, bottom - top + 8)
      ctx.clip()
      for (const line of lines) if (line.band) paintBand(ctx, line.band, plot, withOpacity(line.color, 0.18))
      for (const { faint: raw, color } of lines) {
        if (raw) paintLine(ctx, raw, plot, { color: faint(color), width: 1, dash: [] })
      }
      for (const line of lines) {
        const thin = lines.length > MANY ? 1 : (line.width ?? 1.5)
        const marker = lines.length > MANY ? undefined : line.marker
        paintLine(ctx, line.points, plot, { color: line.color, width: thin, dash: line.dash ?? [], marker })
      }
      ctx.restore()
    },
    afterDraw: () => drawOverlay()
  }

  const render = (): void => {
    frame = 0
    if (!chart) return
    const { pins, lines, ...rest } = input()
    const range = inView()
    const values = valueRange(lines, range, rest.logY, rest.unit === 'percent' ? 1 : Infinity)
    const options = curveOptions({ ...rest, range, values, theme: theme.value })
    options.plugins = { annotation: { clip: false, annotations: pinAnnotations(pins, range, theme.value) } }
    options.onResize = schedule
    chart.options = options
    chart.update('none')
    width.value = Math.round(chart.chartArea.right - chart.chartArea.left)
  }
  const schedule = (): void => {
    if (frame === 0) frame = requestAnimationFrame(render)
  }
  const drawOverlay = (): void => {
    overlayFrame = 0
    if (!overlay.value || !plot) return
    paintOverlay(overlay.value, plot, {
      lines: input().lines,
      x: sync.x.value,
      highlight: input().selectable ? sync.highlight.value : null,
      drag,
      theme: theme.value
    })
  }
  const scheduleOverlay = (): void => {
    if (overlayFrame === 0) overlayFrame = requestAnimationFrame(drawOverlay)
  }

  const setRange = (range: Range | null): void => void (sync.range.value = range && within(range, whole()))
  const gestures = {
    plot: () =>
      plot && { left: plot.left, right: plot.right, whole: whole(), range: inView(), logarithmic: input().logX },
    setRange,
    drag: (ends: readonly [number, number] | null) => {
      drag = ends
      scheduleOverlay()
    },
    point: (at: { x: number; y: number } | null) => {
      if (!plot) return
      sync.x.value = at && fromPixel(plot, at.x)
      if (input().selectable) sync.hovered.value = at && lineAt(input().lines, plot, at.x, at.y)
    },
    click: () => {
      if (!input().selectable) return
      sync.pinned.value = sync.pinned.value === sync.hovered.value ? null : sync.hovered.value
    }
  }

  onMounted(() => {
    const element = canvas.value!
    chart = new Chart(element, {
      type: 'line',
      data: { datasets: [] },
      options: { animation: false, responsive: true, maintainAspectRatio: false, events: [] },
      plugins: [curves]
    })
    detach = attachGestures(element, gestures)
    render()
  })
  watch([input, theme, sync.range], schedule)
  watch([sync.x, sync.highlight], scheduleOverlay)
  onBeforeUnmount(() => {
    cancelAnimationFrame(frame)
    cancelAnimationFrame(overlayFrame)
    detach?.()
    chart?.destroy()
    chart = null
  })
  return {
    zoom(factor) {
      const range = inView()
      setRange(zoomed(range, whole(), sync.x.value ?? (range[0] + range[1]) / 2, factor, input().logX))
    },
    pan: (share) => setRange(panned(inView(), whole(), share, input().logX)),
    reset: () => setRange(null),
    width
  }
}

function fromPixel({ x }: Plot, pixel: number): number {
  const value = (pixel - x.zero) / x.scale
  return x.logarithmic ? Math.exp(value) : value
}
