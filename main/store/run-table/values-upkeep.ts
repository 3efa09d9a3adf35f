/** Keeps what a run is found by (`run_values`, `run_tags`, `run_words`) up to its row. To be called within the writer's transaction. */
import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import type { Run } from '@shared/domain/run'
import { runValues, seedGroupText, type RunValue } from '@shared/domain/run-values'
import { preparedOnce } from './statements'

/** So much of a text is found; a run's notes may be a book. */
const MOST_CHARACTERS = 2000

/** A value as its two columns. */
type Columns = [number: number | null, text: string | null]

export interface ValuesUpkeep {
  /** Writes only what has changed: an epoch changes three values of a hundred. */
  write(run: Run): void
}

export function valuesUpkeep(sqlite: Database.Database): ValuesUpkeep {
  const prepare = preparedOnce(sqlite)

  /** Asked of the database each time: another process may have added it. */
  const keyId = (name: string, kind: RunValue['group']): number => {
    prepare('insert into run_keys (name, kind) values (?, ?) on conflict do nothing').run(name, kind)
    return prepare('select id from run_keys where name = ?').pluck().get(name) as number
  }

  const writeValues = (runKey: number, run: Run): void => {
    const stored = new Map<string, [id: number, ...Columns]>()
    const rows = prepare('select name, id, number, text from run_values join run_keys on id = key_id where run_key = ?')
    for (const [name, ...row] of rows.raw().all(runKey) as [string, number, ...Columns][]) stored.set(name, row)
    const wanted = runValues(run)
    wanted.set('seedGroup', { group: 'fact', value: seedGroup(run) })
    for (const [name, { group, value }] of wanted) {
      const [number, text] = toColumns(value)
      const [id, ...before] = stored.get(name) ?? [null]
      if (id !== null && before[0] === number && before[1] === text) continue
      prepare('insert or replace into run_values values (?, ?, ?, ?)').run(
        runKey,
        id ?? keyId(name, group),
        number,
        text
      )
    }
    for (const [name, [id]] of stored) {
      if (!wanted.has(name)) prepare('delete from run_values where run_key = ? and key_id = ?').run(runKey, id)
    }
  }

  const writeTags = (runKey: number, tags: readonly string[]): void => {
    const before = prepare('select tag from run_tags where run_key = ? order by tag').pluck().all(runKey) as string[]
    if (before.join('\n') === [...tags].sort().join('\n')) return
    prepare('delete from run_tags where run_key = ?').run(runKey)
    for (const tag of new Set(tags)) prepare('insert into run_tags values (?, ?)').run(runKey, tag)
  }

  const writeWords = (runKey: number, run: Run): void => {
    const { preset, backboneId } = run.config
    const words = [
      run.name,
      ...run.tags,
      run.datasetName,
      ...(run.imported ? [] : [backboneId, preset]),
      run.id,
      run.notes
    ]
    const text = words.join('\n').toLowerCase().slice(0, MOST_CHARACTERS)
    prepare(
      `insert into run_words values (?, ?) on conflict do update set text = excluded.text where text <> excluded.text`
    ).run(runKey, text)
  }

  return {
    write: (run) => {
      const runKey = prepare('select key from runs where id = ?').pluck().get(run.id) as number
      writeValues(runKey, run)
      writeTags(runKey, run.tags)
      writeWords(runKey, run)
    }
  }
}

function toColumns(value: RunValue['value']): Columns {
  if (typeof value === 'number') return [value, null]
  if (typeof value === 'boolean') return [value ? 1 : 0, String(value)]
  return [null, value.slice(0, MOST_CHARACTERS)]
}

/** Ten hex digits: the same for two runs by chance once in a trillion pairs. */
const seedGroup = (run: Run): string => createHash('sha256').update(seedGroupText(run)).digest('hex').slice(0, 10)
