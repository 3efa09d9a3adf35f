/** Statements that are used again and again, prepared when they are first used. */
import type Database from 'better-sqlite3'

export type Prepare = (source: string) => Database.Statement

export function preparedOnce(sqlite: Database.Database): Prepare {
  const known = new Map<string, Database.Statement>()
  return (source) => {
    const statement = known.get(source) ?? sqlite.prepare(source)
    known.set(source, statement)
    return statement
  }
}
