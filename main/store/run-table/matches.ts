/** Which runs a table holds, and in which order. */
import type Database from 'better-sqlite3'
import type { RunQuery } from '@shared/domain/run-query'
import { parseFilter } from '@shared/query/parse'
import { joined, sqlOf, toCondition, type Sql } from './condition'
import { assertKnownKeys, type Keys } from './keys'

export type Question = Pick<RunQuery, 'filter' | 'archived' | 'sort'>

const SHELVES: Record<RunQuery['archived'], string> = {
  no: 'r.removed_at is null and r.archived_at is null',
  yes: 'r.removed_at is null and r.archived_at is not null',
  all: 'r.removed_at is null',
  removed: 'r.removed_at is not null'
}

/** A join that brings the value of a key, and the terms that order by it. */
interface Ordering {
  join: Sql | null
  terms: string
}

/** @returns the keys of all runs that match, in order. @throws StudioError query/invalid */
export function matchingRuns(sqlite: Database.Database, { filter, archived, sort }: Question, keys: Keys): number[] {
  const tree = parseFilter(filter)
  assertKnownKeys(tree, filter, keys)
  const conditions = [sqlOf(SHELVES[archived]), ...(tree ? [toCondition(tree, filter, keys)] : [])]
  const where = joined(conditions, ' and ')
  const orderings = sort.map(({ key, descending }, place) => orderBy(keys.source(key), descending, place))
  const joins = orderings.flatMap(({ join }) => join ?? [])
  const text = `
    select r.key from runs as r ${joins.map((join) => join.text).join(' ')}
    where ${where.text}
    order by ${[...orderings.map(({ terms }) => terms), 'r.created_at desc', 'r.key desc'].join(', ')}`
  const parameters = [...joins.flatMap((join) => join.parameters), ...where.parameters]
  return sqlite
    .prepare(text)
    .pluck()
    .all(...parameters) as number[]
}

/** Runs without a value come last, whichever way. */
function orderBy(source: ReturnType<Keys['source']>, descending: boolean, place: number): Ordering {
  const way = descending ? 'desc' : 'asc'
  const s = `s${String(place)}`
  if (source.type === 'nothing') return { join: null, terms: `null` }
  if (source.type === 'tag') {
    const first = '(select min(tag) from run_tags where run_key = r.key)'
    return { join: null, terms: `${first} is null, ${first} ${way}` }
  }
  if (source.type === 'series') {
    const join = sqlOf(`left join run_series as ${s} on ${s}.series = ? and ${s}.run_key = r.key`, source.series)
    return { join, terms: `${s}.${source.column} is null, ${s}.${source.column} ${way}` }
  }
  const join = sqlOf(`left join run_values as ${s} on ${s}.run_key = r.key and ${s}.key_id = ?`, source.keyId)
  const terms = `${s}.number is null and ${s}.text is null, ${s}.number ${way}, ${s}.text collate nocase ${way}`
  return { join, terms }
}
