/** Options of a curve chart: its axes, and what is pinned on it. The curves themselves are painted by ./line-painter. */
import type { Chart, ChartOptions } from 'chart.js'
import type { AnnotationOptions } from 'chartjs-plugin-annotation'
import { formatBytes } from '@shared/text/format'
import type { Range } from './axis-range'
import type { Unit, XAxis } from './series'
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

/** All charts give their y axis this width, so that those above one another share their x. */
const Y_AXIS_WIDTH = 52

export interface OptionsInput {
  axis: XAxis
  unit: Unit
  logX: boolean
  logY: boolean
  range: Range
  values: Range
  /** The x labels are left to the chart below. */
  hideX: boolean
  theme: ChartTheme
}

/** Everything but annotations. Nothing moves by itself: values stream in. */
export function curveOptions({
  axis,
  unit,
  logX,
  logY,
  range,
  values,
  hideX,
  theme
}: OptionsInput): ChartOptions<'line'> {
  const ticks = { color: theme.text, font: { family: theme.font, size: 11 }, maxRotation: 0 }
  const grid = { color: theme.grid, drawTicks: false }
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    events: [],
    layout: { padding: { top: 8, right: 20 } },
    scales: {
      x: {
        // Its types want one kind of axis; the options used here are those of both.
        type: (logX ? 'logarithmic' : 'linear') as 'linear',
        min: range[0],
        max: range[1],
        grid,
        border: { color: theme.grid },
        ticks: {
          ...ticks,
          display: !hideX,
          includeBounds: false,
          autoSkipPadding: 24,
          padding: 6,
          precision: axis === 'step' ? 0 : undefined,
          callback: (value) => (logX && !isRound(Number(value)) ? null : xTick(Number(value), axis))
        },
        // A long last label would make this plot narrower than the one above it.
        afterFit: (scale) => {
          scale.paddingLeft = 0
          scale.paddingRight = 0
        }
      },
      y: {
        type: logY ? 'logarithmic' : 'linear',
        // There are no datasets of chart.js' own to take them from.
        min: values[0],
        max: values[1],
        grid,
        border: { display: false },
        ticks: {
          ...ticks,
          padding: 6,
          includeBounds: false,
          maxTicksLimit: 7,
          callback: (value) => (logY && !isRound(Number(value)) ? null : yTick(Number(value), unit))
        },
        afterFit: (scale) => {
          scale.width = Y_AXIS_WIDTH
        }
      }
    }
  }
}

function xTick(value: number, axis: XAxis): string {
  // Far zoomed in, neighbours differ in a late digit only.
  const exact = (of: number): string => String(Number(of.toPrecision(6)))
  if (axis !== 'time') return exact(value)
  if (value < 120) return `${exact(value)} s`
  return value < 7200 ? `${exact(value / 60)} min` : `${exact(value / 3600)} h`
}

function yTick(value: number, unit: Unit): string {
  if (unit === 'percent') return `${Number((value * 100).toFixed(1))} %`
  if (unit === 'bytes') return formatBytes(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return Number(value.toPrecision(3)).toExponential()
  return String(Number(value.toPrecision(4)))
}

/** 1, 2 or 5 times a power of ten: the ticks of a logarithmic axis that are labelled. */
function isRound(value: number): boolean {
  const lead = value / 10 ** Math.floor(Math.log10(value) + 1e-9)
  return [1, 2, 5].some((round) => Math.abs(lead - round) < 1e-6)
}

/** For each pin in view a thin line down to the axis, a ring, and its text, on the side where there is room. */
export function pinAnnotations(
  pins: readonly Pin[],
  range: Range,
  theme: ChartTheme
): Record<string, AnnotationOptions> {
  const entries = pins
    .filter(({ x }) => x >= range[0] && x <= range[1])
    .flatMap((pin, index) => onePin(pin, range, theme).map((part, place) => [`pin${index}-${place}`, part] as const))
  return Object.fromEntries(entries)
}

function onePin(pin: Pin, [min, max]: Range, theme: ChartTheme): AnnotationOptions[] {
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
export function pinText(value: number, epoch: number, unit: Unit): string {
  return `best ${formatValue(value, unit)} · epoch ${epoch}`
}
