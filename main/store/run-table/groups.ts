/** Runs by what they have in common, with the mean and the spread of their figures. */
import type { RunGroup, RunQuery } from '@shared/domain/run-query'
import type { Scalar } from '@shared/domain/run-annotations'
import type { Cells } from './cells'

interface Member {
  key: number
  id: string
}

/** @param members in the order of the table @param cells with every key of `groupBy` and of `measures` */
export function groupRuns(
  members: readonly Member[],
  cells: Cells,
  groupBy: readonly string[],
  measures: readonly string[],
  sort: RunQuery['sort']
): RunGroup[] {
  const sorted = new Map<string, Member[]>()
  for (const member of members) {
    const values = groupBy.map((key) => cells.get(member.key)![key])
    const name = JSON.stringify(values)
    const own = sorted.get(name)
    if (own) own.push(member)
    else sorted.set(name, [member])
  }
  const groups = [...sorted.values()].map((own): RunGroup => {
    const first = cells.get(own[0]!.key)!
    return {
      values: Object.fromEntries(groupBy.map((key) => [key, first[key]!])),
      count: own.length,
      runIds: own.map(({ id }) => id),
      measures: Object.fromEntries(
        measures.flatMap((key) => {
          const measure = measureOf(own.map((member) => cells.get(member.key)![key]!))
          return measure ? [[key, measure]] : []
        })
      )
    }
  })
  const terms = sort.map(({ key, descending }) => ({ descending, of: (group: RunGroup) => sortValue(group, key) }))
  return groups.sort((a, b) => {
    for (const { of, descending } of terms) {
      const order = compare(of(a), of(b), descending)
      if (order !== 0) return order
    }
    return b.count - a.count
  })
}

/** Welford's, so that a small spread about a large mean is not lost; null without a number. */
function measureOf(values: readonly Scalar[]): RunGroup['measures'][string] | null {
  let [count, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity]
  for (const value of values) {
    if (typeof value !== 'number') continue
    count++
    const delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  if (count === 0) return null
  return { count, mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null, min, max }
}

function sortValue(group: RunGroup, key: string): Scalar {
  if (key in group.values) return group.values[key]!
  return key === 'count' ? group.count : (group.measures[key]?.mean ?? null)
}

/** What is not there comes last, whichever way. */
function compare(a: Scalar, b: Scalar, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  const order =
    typeof a === 'string' && typeof b === 'string' ? a.localeCompare(b) : a === b ? 0 : Number(a) < Number(b) ? -1 : 1
  return descending ? -order : order
}
