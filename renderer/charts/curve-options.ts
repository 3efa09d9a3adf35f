/** Options and datasets of a curve chart: from what the chart is asked to show to what chart.js takes. */
import type { Chart, ChartDataset, ChartOptions } from 'chart.js'
import type { AnnotationOptions } from 'chartjs-plugin-annotation'
import { withOpacity } from './palette'
import { isolated, reduceMinMax, visiblePoints, type Point } from './points'
import type { CurveSeries, XAxis } from './series'
import { formatValue } from './summary'
import type { ChartTheme } from './theme'

/** A point that is marked on its curve and stays so, with its value beside it. */
export interface Pin {
  x: number
  y: number
  /** Empty: a ring only. */
  label: string
  color?: string
}

export type LineDataset = ChartDataset<'line', Point[]>

/** All charts give their y axis this width, so that those above one another share their x. */
const Y_AXIS_WIDTH = 52
/** Markers are drawn while they stand at least this far apart, pixels. */
const MARKER_SPACING = 16
/** How far markers may reach over the edge of the plot, pixels. */
const MARKER_ROOM = 6

export interface Frame {
  range: readonly [min: number, max: number]
  /** Of the plot, in device pixels. */
  pixels: number
}

/** The curve (and what it was smoothed from, faint) as chart.js datasets, thinned to the frame. */
export function curveDatasets(line: CurveSeries, frame: Frame): { key: string; dataset: LineDataset }[] {
  const width = line.width ?? 1.5
  const base = {
    borderColor: line.color,
    borderDash: line.dash ?? [],
    pointHoverRadius: 0,
    pointHitRadius: 0,
    clip: MARKER_ROOM
  }
  const main = thin(line.points, frame)
  const marked = line.marker !== undefined && main.length <= frame.pixels / MARKER_SPACING
  const radii = main.map((_, index) => (marked ? width + 0.75 : isolated(main, index) ? width : 0))
  const drawn = [
    {
      key: line.id,
      dataset: {
        ...base,
        label: line.label,
        data: main,
        borderWidth: width,
        pointRadius: radii,
        pointStyle: line.marker ?? ('circle' as const),
        pointBackgroundColor: line.color,
        pointBorderColor: line.color,
        order: 0
      }
    }
  ]
  if (!line.raw) return drawn
  const faint = {
    ...drawn[0]!.dataset,
    label: `${line.label}, unsmoothed`,
    data: thin(line.raw, frame),
    borderColor: line.color.startsWith('#') ? withOpacity(line.color, 0.25) : line.color,
    borderDash: [],
    borderWidth: 1,
    pointRadius: [0],
    order: 1
  }
  return [...drawn, { key: `${line.id}:raw`, dataset: faint }]
}

function thin(points: readonly Point[], { range, pixels }: Frame): Point[] {
  return [...reduceMinMax(visiblePoints(points, range[0], range[1]), pixels)]
}

export interface OptionsInput {
  axis: XAxis
  unit: CurveSeries['unit']
  logarithmic: boolean
  /** The x labels are left to the chart below. */
  hideX: boolean
  theme: ChartTheme
}

/** Everything but zoom, data and annotations. Nothing moves by itself: values stream in. */
export function curveOptions({ axis, unit, logarithmic, hideX, theme }: OptionsInput): ChartOptions<'line'> {
  const ticks = { color: theme.text, font: { family: theme.font, size: 11 }, maxRotation: 0 }
  const grid = { color: theme.grid, drawTicks: false }
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    parsing: false,
    normalized: true,
    events: [],
    layout: { padding: { top: 8, right: 20 } },
    elements: { line: { tension: 0, borderJoinStyle: 'round' } },
    scales: {
      x: {
        type: 'linear',
        grid,
        border: { color: theme.grid },
        ticks: {
          ...ticks,
          display: !hideX,
          includeBounds: false,
          autoSkipPadding: 24,
          padding: 6,
          precision: axis === 'step' ? 0 : undefined,
          callback: (value) => xTick(Number(value), axis)
        },
        // A long last label would make this plot narrower than the one above it.
        afterFit: (scale) => {
          scale.paddingLeft = 0
          scale.paddingRight = 0
        }
      },
      y: {
        type: logarithmic ? 'logarithmic' : 'linear',
        grid,
        border: { display: false },
        ticks: {
          ...ticks,
          padding: 6,
          maxTicksLimit: 7,
          callback: (value) =>
            unit === 'percent' ? percentTick(Number(value)) : String(Number(Number(value).toPrecision(3)))
        },
        afterFit: (scale) => {
          scale.width = Y_AXIS_WIDTH
        }
      }
    }
  }
}

function xTick(value: number, axis: XAxis): string {
  if (axis !== 'time') return String(Number(value.toFixed(2)))
  if (value < 120) return `${Number(value.toFixed(1))} s`
  return `${Number((value / 60).toFixed(1))} min`
}

function percentTick(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

/** For each pin in view a thin line down to the axis, a ring, and its text, on the side where there is room. */
export function pinAnnotations(
  pins: readonly Pin[],
  range: readonly [number, number],
  theme: ChartTheme
): Record<string, AnnotationOptions> {
  const entries = pins
    .filter(({ x }) => x >= range[0] && x <= range[1])
    .flatMap((pin, index) => onePin(pin, range, theme).map((part, place) => [`pin${index}-${place}`, part] as const))
  return Object.fromEntries(entries)
}

function onePin(pin: Pin, [min, max]: readonly [number, number], theme: ChartTheme): AnnotationOptions[] {
  const color = pin.color ?? theme.textStrong
  const atRight = max > min && (pin.x - min) / (max - min) > 0.7
  const ring: AnnotationOptions = {
    type: 'point',
    xValue: pin.x,
    yValue: pin.y,
    radius: 5,
    borderWidth: 1.5,
    borderColor: color,
    backgroundColor: 'transparent'
  }
  if (!pin.label) return [ring]
  const line: AnnotationOptions = {
    type: 'line',
    xMin: pin.x,
    xMax: pin.x,
    borderColor: theme.grid,
    borderWidth: 1,
    drawTime: 'beforeDatasetsDraw'
  }
  const label: AnnotationOptions = {
    type: 'label',
    xValue: pin.x,
    yValue: pin.y,
    content: [pin.label],
    color: theme.textStrong,
    backgroundColor: theme.background,
    borderRadius: 4,
    padding: { top: 2, bottom: 2, left: 4, right: 4 },
    font: { size: 11, family: theme.font },
    position: (context) => ({ x: atRight ? 'end' : 'start', y: isNearTop(context, pin) ? 'start' : 'end' }),
    xAdjust: atRight ? -8 : 8,
    yAdjust: (context) => (isNearTop(context, pin) ? 8 : -8)
  }
  return [line, ring, label]
}

/** Less room above than this and a pin's text goes below it, pixels. */
const LABEL_ROOM = 28

function isNearTop({ chart }: { chart: Chart }, { y }: Pin): boolean {
  return (chart.scales.y?.getPixelForValue(y) ?? 0) - chart.chartArea.top < LABEL_ROOM
}

/** 'best 0.412 · epoch 9' */
export function pinText(value: number, epoch: number, unit: CurveSeries['unit']): string {
  return `best ${formatValue(value, unit)} · epoch ${epoch}`
}
