/** Axes of drawings of many runs: where on it a value lies, and what is written beside it. */
import type { Scalar } from '@shared/domain/run-annotations'
import type { RunRow } from '@shared/domain/run-query'
import { cellText, columnLabel, numberText, quantityOf } from '../runs/column-text'

export type AxisScale = 'linear' | 'log' | 'category'

export interface Tick {
  /** From 0, the lower end, to 1. */
  at: number
  text: string
}

export interface Axis {
  key: string
  label: string
  scale: AxisScale
  /** Whether it could be drawn in the other of linear and logarithmic. */
  canSwitch: boolean
  ticks: Tick[]
  /** Whether some run has no value: it lies at `NONE` then. */
  someMissing: boolean
  /** 0–1; `NONE` for no value. */
  place(value: Scalar | undefined): number
  /** What lies there. */
  textAt(place: number): string
  /** Places of the categories; empty on an axis of numbers. */
  stops: readonly number[]
}

/** Where runs without a value lie: below the axis. */
export const NONE = -0.1
/** Spanning more than this is drawn in powers of ten. */
const LOG_FROM = 50
/** Drawn in powers of ten even when it spans less: what is multiplied, not added, when it is tuned. */
const MULTIPLIED = /learningRate|weightDecay|penalty|_rate$|(^|[._])lr$/u
const MOST_TICKS = 5

export function buildAxis(key: string, rows: readonly RunRow[], wanted: 'linear' | 'log' | null = null): Axis {
  const values = rows.map((row) => row.values[key] ?? null)
  const there = values.filter((value) => value !== null)
  const numbers = there.filter((value): value is number => typeof value === 'number')
  const base = { key, label: columnLabel(key), someMissing: there.length < values.length }
  if (numbers.length < there.length || numbers.length === 0) return { ...base, ...categories(key, there) }
  const [low, high] = extent(numbers)
  const canSwitch = low > 0 && high > low
  const wide = canSwitch && (high / low >= LOG_FROM || (MULTIPLIED.test(key) && high / low >= 3))
  const log = canSwitch && (wanted ? wanted === 'log' : wide)
  return { ...base, ...numeric(key, low, high, log), canSwitch }
}

function numeric(key: string, low: number, high: number, log: boolean) {
  const to = log ? Math.log10 : (value: number): number => value
  const from = log ? (value: number): number => 10 ** value : (value: number): number => value
  const [start, end] = [to(low), to(high)]
  const span = end - start
  const place = (value: Scalar | undefined): number =>
    typeof value !== 'number' ? NONE : span > 0 ? (to(value) - start) / span : 0.5
  const textAt = (at: number): string => numberText(key, from(start + at * span))
  const ticks = (log ? powers(low, high) : steps(low, high, quantityOf(key))).map((value) => ({
    at: place(value),
    text: numberText(key, value)
  }))
  return { scale: log ? ('log' as const) : ('linear' as const), ticks, place, textAt, stops: [] }
}

function categories(key: string, values: readonly Scalar[]) {
  const texts = [...new Set(values)].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true })
  )
  const at = (index: number): number => (texts.length === 1 ? 0.5 : index / (texts.length - 1))
  const places = new Map(texts.map((value, index) => [value, at(index)]))
  const nearest = (place: number): Scalar => texts[Math.round(place * (texts.length - 1))] ?? null
  const every = Math.ceil(texts.length / 12)
  return {
    scale: 'category' as const,
    canSwitch: false,
    ticks: texts
      .map((value, index) => ({ at: at(index), text: cellText(key, value) }))
      .filter((_, index) => index % every === 0),
    place: (value: Scalar | undefined): number => places.get(value ?? null) ?? NONE,
    textAt: (place: number): string => cellText(key, nearest(place)),
    stops: texts.map((_, index) => at(index))
  }
}

export function extent(numbers: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of numbers) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** Round values within the bounds (Heckbert 1990, 'Nice numbers for graph labels'), and the bounds where there are none. */
function steps(low: number, high: number, quantity: string): number[] {
  if (high === low) return [low]
  const rough = (high - low) / MOST_TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough)!
  const whole = quantity === 'count' ? Math.max(1, step) : step
  const ticks: number[] = []
  for (let at = Math.ceil(low / whole) * whole; at <= high + whole * 1e-9; at += whole)
    ticks.push(Number(at.toPrecision(12)))
  return ticks.length > 1 ? ticks : [low, high]
}

function powers(low: number, high: number): number[] {
  const ticks: number[] = []
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power++) ticks.push(10 ** power)
  if (ticks.length > 1) return ticks
  return [low, high]
}
