/** Which setting mattered: how much a forest that foretells a result from the settings loses when it does not know one of them. */
import type { Scalar } from '@shared/domain/run-annotations'
import type { RunRow } from '@shared/domain/run-query'
import { cellText } from '../runs/column-text'
import { growForest, type ForestColumn } from './forest'

export interface SettingImportance {
  key: string
  /** Share of the result's variance that hangs on it: 0 to about 1. */
  share: number
  /** Standard error of `share` over the trees. */
  error: number
  /** Spearman's rank correlation with the result; null for a setting that is no number. */
  correlation: number | null
  /** Of a setting that is no number: the values with the highest and the lowest mean result. */
  ends: { high: string; low: string } | null
}

export interface Importance {
  runs: number
  /** Of runs that the forest has not seen; below about 0.1 the list means nothing. */
  explained: number
  settings: SettingImportance[]
}

/** Fewer say nothing. */
export const FEWEST_RUNS = 10
const MOST_BINS = 32
/** A text that almost every run has its own of is a name and no setting. */
const MOST_CATEGORIES = 40

/** @param target key of a number; runs without it are left out. Null: there are too few. */
export function settingImportance(
  rows: readonly RunRow[],
  settings: readonly string[],
  target: string
): Importance | null {
  const used = rows.filter((row) => typeof row.values[target] === 'number')
  if (used.length < FEWEST_RUNS) return null
  const result = Float64Array.from(used, (row) => row.values[target] as number)
  const columns = settings
    .map((key) => ({ key, values: used.map((row) => row.values[key] ?? null) }))
    .map((column) => ({ ...column, forest: toForestColumn(column.values) }))
    .filter((column): column is typeof column & { forest: ForestColumn } => column.forest !== null)
  const forest = growForest(
    columns.map((column) => column.forest),
    result
  )
  const list = columns.map(({ key, values }, index): SettingImportance => {
    const { mean, error } = forest.importance[index]!
    const numeric = values.every((value) => value === null || typeof value === 'number')
    return {
      key,
      share: Math.max(0, mean),
      error,
      correlation: numeric ? spearman(values as (number | null)[], result) : null,
      ends: numeric ? null : endsOf(key, values, result)
    }
  })
  return { runs: used.length, explained: forest.explained, settings: list.sort((a, b) => b.share - a.share) }
}

/** Null for what is the same in all runs, or different in nearly all. A missing value is a value of its own, before all others. */
function toForestColumn(values: readonly Scalar[]): ForestColumn | null {
  const distinct = [...new Set(values)]
  if (distinct.length < 2) return null
  const numeric = distinct.every((value) => value === null || typeof value === 'number')
  if (!numeric) {
    if (distinct.length > MOST_CATEGORIES) return null
    const places = new Map(distinct.map((value, index) => [value, index]))
    return { bins: Uint8Array.from(values, (value) => places.get(value)!), count: distinct.length, ordered: false }
  }
  const sorted = (values.filter((value) => value !== null) as number[]).sort((a, b) => a - b)
  const unique = [...new Set(sorted)]
  const cuts =
    unique.length <= MOST_BINS
      ? unique
      : [
          ...new Set(
            Array.from({ length: MOST_BINS }, (_, bin) => sorted[Math.floor((bin * sorted.length) / MOST_BINS)]!)
          )
        ]
  return {
    bins: Uint8Array.from(values, (value) => binOf(value as number | null, cuts)),
    count: cuts.length + 1,
    ordered: true
  }
}

/** 0 for no value; otherwise one more than the last cut that is not above it. */
function binOf(value: number | null, cuts: readonly number[]): number {
  if (value === null) return 0
  let [low, high] = [0, cuts.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (cuts[middle]! <= value) low = middle
    else high = middle
  }
  return low + 1
}

/** Of the runs that have a value; ties get the mean of their ranks. Null where either does not vary. */
export function spearman(x: readonly (number | null)[], y: ArrayLike<number>): number | null {
  const there = x.map((_, at) => at).filter((at) => x[at] !== null)
  if (there.length < 3) return null
  const [a, b] = [ranks(there.map((at) => x[at]!)), ranks(there.map((at) => y[at]!))]
  const mean = (there.length + 1) / 2
  let [cross, left, right] = [0, 0, 0]
  for (let at = 0; at < there.length; at++) {
    const [da, db] = [a[at]! - mean, b[at]! - mean]
    cross += da * db
    left += da * da
    right += db * db
  }
  return left > 0 && right > 0 ? cross / Math.sqrt(left * right) : null
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a]! - values[b]!)
  const result = new Array<number>(values.length)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++
    for (let at = from; at <= to; at++) result[order[at]!] = (from + to) / 2 + 1
    from = to + 1
  }
  return result
}

function endsOf(key: string, values: readonly Scalar[], result: ArrayLike<number>): { high: string; low: string } {
  const sums = new Map<Scalar, { sum: number; count: number }>()
  values.forEach((value, at) => {
    const own = sums.get(value) ?? { sum: 0, count: 0 }
    sums.set(value, { sum: own.sum + result[at]!, count: own.count + 1 })
  })
  const order = [...sums].sort(([, a], [, b]) => a.sum / a.count - b.sum / b.count)
  return { high: cellText(key, order.at(-1)![0]), low: cellText(key, order[0]![0]) }
}
