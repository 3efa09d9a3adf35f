/** The lines of a grouped table: each group, and beneath an open one its runs. */
import type { Scalar } from '@shared/domain/run-annotations'
import type { RunGroup, RunRow } from '@shared/domain/run-query'
import { cellText, columnLabel, numberText } from './column-text'
import { condition } from './filter-text'

export interface GroupLine {
  type: 'group'
  key: string
  group: RunGroup
  open: boolean
}
export interface RunLine {
  type: 'run'
  /** Null while it is asked for. */
  row: RunRow | null
}
/** Runs of a group that are not shown one by one. */
export interface MoreLine {
  type: 'more'
  key: string
  count: number
}
export type Line = GroupLine | RunLine | MoreLine

export const groupKey = (group: RunGroup): string => JSON.stringify(group.values)

export function groupLines(
  groups: readonly RunGroup[],
  open: ReadonlySet<string>,
  rowsOf: (key: string) => readonly RunRow[] | null
): Line[] {
  return groups.flatMap((group): Line[] => {
    const key = groupKey(group)
    const head: GroupLine = { type: 'group', key, group, open: open.has(key) }
    if (!head.open) return [head]
    const rows = rowsOf(key)
    if (rows === null) return [head, { type: 'run', row: null }]
    const rest = group.count - rows.length
    const more: MoreLine[] = rest > 0 ? [{ type: 'more', key, count: rest }] : []
    return [head, ...rows.map((row): RunLine => ({ type: 'run', row })), ...more]
  })
}

/** What finds the runs of a group. */
export const groupConditions = (group: RunGroup): string[] =>
  Object.entries(group.values).map(([key, value]) => condition(key, [value]))

/** 'Preset default · Seed 3'; a seed group, which is a number that means nothing, by what it is. */
export function groupTitle(values: Readonly<Record<string, Scalar>>): string {
  return Object.entries(values)
    .map(([key, value]) => {
      if (key === 'seedGroup') return `Same but the seed (${String(value)})`
      return value === null ? `No ${columnLabel(key).toLowerCase()}` : cellText(key, value)
    })
    .join(' · ')
}

/** '93.1 % ± 0.4'; of a single run, or where all are the same, the value alone. */
export function measureText(key: string, { mean, deviation }: { mean: number; deviation: number | null }): string {
  const text = numberText(key, mean)
  if (!deviation) return text
  const share = text.endsWith(' %')
  const spread = share ? (deviation * 100).toFixed(1) : numberText(key, deviation)
  return share ? `${text.slice(0, -2)} ± ${spread} %` : `${text} ± ${spread}`
}
