/** The table of runs as a file that other programs read. */
import type { Scalar } from '@shared/domain/run-annotations'
import type { RunRow } from '@shared/domain/run-query'

/** What a row is known by, before the columns that were asked for. */
const LEADING = ['id', 'name'] as const

/** RFC 4180: a header, commas, CRLF, quotes where they are needed. */
export function toCsv(rows: readonly RunRow[], columns: readonly string[]): string {
  const keys = columns.filter((column) => !LEADING.includes(column as (typeof LEADING)[number]))
  const lines = rows.map((row) => [row.id, row.name, ...keys.map((key) => cellOf(row, key))].map(toField).join(','))
  return [[...LEADING, ...keys].map(toField).join(','), ...lines, ''].join('\r\n')
}

/** A list of objects, as the table shows them; a value that is not there is null. */
export function toJson(rows: readonly RunRow[], columns: readonly string[]): string {
  const entries = rows.map(({ id, name, tags, notes, values }) => ({
    id,
    name,
    tags,
    notes,
    values: Object.fromEntries(columns.map((column) => [column, values[column] ?? null]))
  }))
  return JSON.stringify(entries, null, 2) + '\n'
}

function cellOf(row: RunRow, key: string): Scalar {
  return key === 'tag' ? row.tags.join(', ') : (row.values[key] ?? null)
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV Injection): a name or a note may come from
 * anybody's files. Numbers keep their minus.
 */
function toField(value: Scalar): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const safe = /^[=+\-@\t\r\n]/u.test(value) ? `'${value}` : value
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
