/**
 * The life of one curve chart: made when its canvas is there, redrawn at most once a frame, ended with its component. The
 * data never enters Vue's deep reactivity: whole arrays come in, whole arrays go to chart.js.
 */
import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'
import { crosshairPlugin } from './crosshair'
import { curveDatasets, curveOptions, pinAnnotations, type LineDataset, type Pin } from './curve-options'
import { xBounds } from './points'
import type { CurveSeries, XAxis } from './series'
import { Chart } from './setup'
import type { CrosshairSync } from './sync'
import { useChartTheme } from './theme'

export interface CurveChartInput {
  series: readonly CurveSeries[]
  axis: XAxis
  unit: CurveSeries['unit']
  pins: readonly Pin[]
  /** Where the x axis ends when the data does not reach so far yet. */
  expectedEnd: number | null
  logarithmic: boolean
  hideX: boolean
}

export interface CurveChartHandle {
  /** Zooms about the middle of what is shown: above 1 is closer. */
  zoom(factor: number): void
  reset(): void
}

export function useCurveChart(
  canvas: Readonly<Ref<HTMLCanvasElement | null>>,
  input: () => CurveChartInput,
  sync: CrosshairSync
): CurveChartHandle {
  const theme = useChartTheme()
  const datasets = new Map<string, LineDataset>()
  let chart: Chart<'line', { x: number; y: number }[]> | null = null
  let frame = 0

  const extent = (): readonly [number, number] => {
    const { series, expectedEnd } = input()
    const bounds = xBounds(series.map((line) => line.points)) ?? [0, 1]
    const end = Math.max(bounds[1], expectedEnd ?? bounds[1])
    return [Math.min(bounds[0], 0), end > 0 ? end : 1]
  }

  const render = (): void => {
    frame = 0
    if (!chart) return
    const { series, pins, ...frameOptions } = input()
    const whole = extent()
    const range = sync.range.value ?? whole
    const pixels = (chart.chartArea?.width ?? chart.width) * chart.currentDevicePixelRatio
    const fresh = series.flatMap((line) => curveDatasets(line, { range, pixels }))
    // chart.js tells datasets apart by their identity: keep the object, replace what it holds.
    chart.data.datasets = fresh.map(({ key, dataset }) => {
      const kept = datasets.get(key)
      if (!kept) datasets.set(key, dataset)
      return kept ? Object.assign(kept, dataset) : dataset
    })
    const shown = new Set(fresh.map(({ key }) => key))
    for (const key of datasets.keys()) if (!shown.has(key)) datasets.delete(key)

    const options = curveOptions({ ...frameOptions, theme: theme.value })
    Object.assign(options.scales!.x!, { min: range[0], max: range[1] })
    options.plugins = {
      annotation: { clip: false, annotations: pinAnnotations(pins, range, theme.value) },
      zoom: zoomOptions(whole)
    }
    options.onResize = schedule
    chart.options = options
    chart.update('none')
  }

  const schedule = (): void => {
    if (frame === 0) frame = requestAnimationFrame(render)
  }

  const takeRange = (): void => {
    const scale = chart?.scales.x
    if (scale) sync.range.value = narrower([scale.min, scale.max], extent())
  }

  const zoomOptions = ([min, max]: readonly [number, number]) => ({
    limits: { x: { min, max, minRange: (max - min) / 1000 } },
    pan: { enabled: true, mode: 'x' as const, modifierKey: 'shift' as const, onPanComplete: takeRange },
    zoom: {
      mode: 'x' as const,
      wheel: { enabled: true, modifierKey: 'ctrl' as const },
      pinch: { enabled: true },
      drag: { enabled: true, threshold: 6, backgroundColor: 'rgb(128 128 128 / 0.2)' },
      onZoomComplete: takeRange
    }
  })

  const follow = (event: PointerEvent): void => {
    const scale = chart?.scales.x
    if (!chart || !scale) return
    const inside = event.offsetX >= chart.chartArea.left && event.offsetX <= chart.chartArea.right
    sync.x.value = inside ? (scale.getValueForPixel(event.offsetX) ?? null) : null
  }
  const leave = (): void => void (sync.x.value = null)

  const handle: CurveChartHandle = {
    zoom(factor) {
      const [min, max] = sync.range.value ?? extent()
      const middle = sync.x.value ?? (min + max) / 2
      const asked: [number, number] = [middle - (middle - min) / factor, middle + (max - middle) / factor]
      sync.range.value = narrower(asked, extent())
    },
    reset: () => void (sync.range.value = null)
  }

  onMounted(() => {
    const element = canvas.value!
    const crosshair = crosshairPlugin({ x: () => sync.x.value, series: () => input().series, theme: () => theme.value })
    chart = new Chart(element, {
      type: 'line',
      data: { datasets: [] },
      options: { animation: false },
      plugins: [crosshair]
    })
    element.addEventListener('pointermove', follow)
    element.addEventListener('pointerleave', leave)
    element.addEventListener('dblclick', handle.reset)
    render()
  })
  watch([input, theme, sync.range], schedule)
  watch(sync.x, () => chart?.draw())
  onBeforeUnmount(() => {
    cancelAnimationFrame(frame)
    chart?.destroy()
    chart = null
  })
  return handle
}

/** A range within the extent; null when it is all of it. */
function narrower([min, max]: [number, number], [low, high]: readonly [number, number]): [number, number] | null {
  const slack = (high - low) * 1e-6
  const clamped: [number, number] = [Math.max(min, low), Math.min(max, high)]
  return clamped[0] <= low + slack && clamped[1] >= high - slack ? null : clamped
}
