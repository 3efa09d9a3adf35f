/** Which columns the runs table shows, in which order and how wide. The name always comes first and is not among them. */
import { isHigherBetter } from '@shared/domain/metric-direction'
import type { RunColumn } from '@shared/domain/run-query'
import { quantityOf, seriesOf } from './column-text'

export interface ShownColumn {
  key: string
  /** Pixels. */
  width: number
}

export const NARROWEST = 48
export const WIDEST = 640
export const NAME_WIDTH = 200

/** Columns that are no value of a run but something that a row has. */
export const ROW_COLUMNS: readonly RunColumn[] = [
  { key: 'spark', kind: 'number', group: 'metric', varies: true },
  { key: 'tags', kind: 'text', group: 'fact', varies: true }
]
export const isRowColumn = (key: string): boolean => ROW_COLUMNS.some((column) => column.key === key)

const WIDTHS: Record<string, number> = {
  state: 104,
  dataset: 92,
  backbone: 120,
  preset: 104,
  spark: 92,
  tags: 128,
  device: 80,
  created: 116,
  notes: 200,
  seedGroup: 104,
  'test.accuracy': 72,
  'atBest.validation_accuracy': 72,
  'seconds.total': 84
}

export const defaultWidth = (key: string): number =>
  WIDTHS[key] ?? (quantityOf(key) === 'share' || quantityOf(key) === 'seconds' ? 92 : seriesOf(key) ? 104 : 120)

export const DEFAULT_COLUMNS: readonly ShownColumn[] = [
  'state',
  'dataset',
  'backbone',
  'preset',
  'spark',
  'atBest.validation_accuracy',
  'test.accuracy',
  'seconds.total',
  'created',
  'device',
  'tags'
].map((key) => ({ key, width: defaultWidth(key) }))

const clampWidth = (width: number): number => Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)))

/** Shown if it was not, and the reverse; a new one goes to the end. */
export const toggleColumn = (columns: readonly ShownColumn[], key: string): ShownColumn[] =>
  columns.some((column) => column.key === key)
    ? columns.filter((column) => column.key !== key)
    : [...columns, { key, width: defaultWidth(key) }]

/** Puts a column before another; null: at the end. */
export function moveColumn(columns: readonly ShownColumn[], key: string, before: string | null): ShownColumn[] {
  const moved = columns.find((column) => column.key === key)
  if (!moved || key === before) return [...columns]
  const rest = columns.filter((column) => column.key !== key)
  const at = before === null ? rest.length : rest.findIndex((column) => column.key === before)
  return at < 0 ? [...columns] : [...rest.slice(0, at), moved, ...rest.slice(at)]
}

/** One place to the left (−1) or to the right (1); at the edge nothing changes. */
export function shiftColumn(columns: readonly ShownColumn[], key: string, by: -1 | 1): ShownColumn[] {
  const at = columns.findIndex((column) => column.key === key)
  const to = at + by
  if (at < 0 || to < 0 || to >= columns.length) return [...columns]
  const next = [...columns]
  ;[next[at], next[to]] = [next[to]!, next[at]!]
  return next
}

export const resizeColumn = (columns: readonly ShownColumn[], key: string, width: number): ShownColumn[] =>
  columns.map((column) => (column.key === key ? { key, width: clampWidth(width) } : column))

/** A mean ± a deviation takes more room than a value. */
export const groupedWidth = ({ key, width }: ShownColumn): number => (isNumeric(key) ? Math.max(width, 136) : width)

/** What the core is asked for: keys of values, without those that a row has anyway. */
export const valueKeys = (columns: readonly ShownColumn[]): string[] =>
  columns.map(({ key }) => key).filter((key) => !isRowColumn(key))

/** Numbers stand at the right. A kind that is not known yet is told by the key. */
export function isNumeric(key: string, known?: RunColumn): boolean {
  if (isRowColumn(key)) return false
  return known ? known.kind === 'number' : seriesOf(key) !== null || quantityOf(key) !== 'number'
}

/** Whether a first click on the heading sorts from the largest down. */
export function largestFirst(key: string, known?: RunColumn): boolean {
  if (!isNumeric(key, known)) return false
  const series = seriesOf(key)
  if (series) return isHigherBetter(series.series)
  if (quantityOf(key) === 'moment') return true
  return /loss|ece/iu.test(key) ? false : quantityOf(key) !== 'seconds'
}
