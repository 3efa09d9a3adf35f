/** How often each value of a key occurs among the runs that match. */
import type Database from 'better-sqlite3'
import type { RunTable } from '@shared/domain/run-query'
import type { Scalar } from '@shared/domain/run-annotations'
import { LISTED } from './cells'
import type { Keys } from './keys'

type Facet = RunTable['facets'][number]

const MOST_VALUES = 50

/** Out of the index alone, in its order. */
const COUNT_TEXTS = `
  select key_id, text, count(*) from run_values
  where key_id in ${LISTED} and text is not null and run_key in ${LISTED} group by key_id, text`
const COUNT_NUMBERS = `
  select key_id, number, count(*) from run_values
  where key_id in ${LISTED} and number is not null and run_key in ${LISTED} group by key_id, number`
const COUNT_TAGS = `select tag, count(*) from run_tags where run_key in ${LISTED} group by tag`
/** The text beside the first number: none of a number, one of a boolean; no row of a key that has texts alone. */
const TEXT_OF_NUMBER = `select text from run_values where key_id = ? and number is not null limit 1`

/** Those of the keys that any run has a value for. */
export function countFacets(
  sqlite: Database.Database,
  runs: readonly number[],
  facets: readonly string[],
  keys: Keys
): Facet[] {
  const list = JSON.stringify(runs)
  const counts = new Map<string, [Scalar, number][]>(facets.map((key) => [key, []]))
  const ids = new Map<number, string>()
  const kinds = { text: [] as number[], number: [] as number[], boolean: [] as number[] }
  for (const key of facets) {
    const source = keys.source(key)
    if (source.type === 'tag') counts.set(key, sqlite.prepare(COUNT_TAGS).raw().all(list) as [string, number][])
    if (source.type !== 'value') continue
    ids.set(source.keyId, key)
    const beside = sqlite.prepare<[number], string | null>(TEXT_OF_NUMBER).pluck().get(source.keyId)
    kinds[beside === undefined ? 'text' : beside === null ? 'number' : 'boolean'].push(source.keyId)
  }
  const count = (statement: string, of: readonly number[], toValue: (stored: string | number) => Scalar): void => {
    if (of.length === 0) return
    const rows = sqlite.prepare<[string, string], [number, string | number, number]>(statement).raw()
    for (const [id, stored, times] of rows.all(JSON.stringify(of), list)) {
      counts.get(ids.get(id)!)!.push([toValue(stored), times])
    }
  }
  // A key of numbers may have a text here and there, as 'all' instead of a count.
  count(COUNT_TEXTS, [...kinds.text, ...kinds.number], (text) => text)
  count(COUNT_NUMBERS, kinds.number, (number) => number)
  count(COUNT_NUMBERS, kinds.boolean, (number) => number === 1)
  return [...counts].map(([key, values]) => ({
    key,
    values: values
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_VALUES)
      .map(([value, times]) => ({ value, count: times }))
  }))
}
