/** Which columns a table can have. */
import type Database from 'better-sqlite3'
import { SERIES_VALUES, type RunColumn } from '@shared/domain/run-query'
import { readKeys } from './keys'

/** Both ends of a key's values: four seeks in the indices, however many runs there are. */
const end = (column: 'number' | 'text', way: 'asc' | 'desc'): string => `
  (select ${column} from run_values where key_id = run_keys.id and ${column} is not null order by ${column} ${way} limit 1)`
const ENDS = `
  select id, ${end('number', 'asc')}, ${end('number', 'desc')}, ${end('text', 'asc')}, ${end('text', 'desc')} from run_keys`

type Ends = [id: number, lowest: number | null, highest: number | null, first: string | null, last: string | null]

/** Those that some run has a value for: settings and facts as they first occurred, then what series come to. */
export function readRunColumns(sqlite: Database.Database): RunColumn[] {
  const keys = readKeys(sqlite)
  const ends = new Map(
    sqlite
      .prepare<[], Ends>(ENDS)
      .raw()
      .all()
      .map((row) => [row[0], row])
  )
  const values = keys.values.flatMap(({ id, name, group }): RunColumn[] => {
    const [, lowest, highest, first, last] = ends.get(id)!
    if (lowest === null && first === null) return []
    const isBoolean = lowest !== null && (first === 'false' || first === 'true')
    const kind = isBoolean ? 'boolean' : lowest === null ? 'text' : 'number'
    // Numbers beside texts, as in '4' and 'all', differ as well.
    const varies = lowest !== highest || first !== last || (kind === 'number' && first !== null)
    return [{ key: name, kind, group, varies }]
  })
  const series = keys.series.flatMap((name) =>
    SERIES_VALUES.map((value): RunColumn => ({
      key: `${value}.${name}`,
      kind: 'number',
      group: 'metric',
      varies: true
    }))
  )
  return [...values, ...series]
}
