/** The rows of a table that are here already, page by page: a table of ten thousand asks for what is in view. */
import type { RunRow } from '@shared/domain/run-query'

export const PAGE = 50

export interface RowPages {
  total: number
  pages: ReadonlyMap<number, readonly RunRow[]>
}

export const NO_ROWS: RowPages = { total: 0, pages: new Map() }

export const rowAt = ({ pages }: RowPages, index: number): RunRow | null =>
  pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null

/** Rows as they came for `offset`, which is a page's begin; pages that were there stay. */
export function withRows(before: RowPages, offset: number, rows: readonly RunRow[], total: number): RowPages {
  const pages = new Map(before.pages)
  for (let at = 0; at < Math.max(1, rows.length); at += PAGE) pages.set((offset + at) / PAGE, rows.slice(at, at + PAGE))
  return { total, pages }
}

/** Pages of `from`–`to` that are not here, as one stretch to ask for; null: all are. */
export function missing(
  { total, pages }: RowPages,
  from: number,
  to: number
): { offset: number; limit: number } | null {
  const wanted: number[] = []
  for (let page = Math.floor(from / PAGE); page * PAGE < Math.min(to, total); page++) {
    if (!pages.has(page)) wanted.push(page)
  }
  if (wanted.length === 0) return null
  const [first, last] = [wanted[0]!, wanted.at(-1)!]
  return { offset: first * PAGE, limit: (last - first + 1) * PAGE }
}

/** The pages that `from`–`to` lies in. */
export function covering(from: number, to: number): { offset: number; limit: number } {
  const first = Math.floor(from / PAGE)
  const last = Math.max(first, Math.floor(Math.max(from, to - 1) / PAGE))
  return { offset: first * PAGE, limit: (last - first + 1) * PAGE }
}

/**
 * New values in rows that stay where they are. A live run that climbs past another would make the table jump under the eye, or under a
 * key that is about to be pressed.
 * @returns the rows, and whether the fresh ones stand in another order or are not the same runs
 */
export function heldRows(before: RowPages, offset: number, fresh: readonly RunRow[], total: number) {
  const byId = new Map(fresh.map((row) => [row.id, row]))
  const pages = new Map(before.pages)
  let moved = total !== before.total
  fresh.forEach((row, at) => {
    const held = rowAt(before, offset + at)
    if (held && held.id !== row.id) moved = true
  })
  for (const [page, rows] of pages) {
    if (rows.some(({ id }) => byId.has(id)))
      pages.set(
        page,
        rows.map((row) => byId.get(row.id) ?? row)
      )
  }
  return { rows: { total: before.total, pages } satisfies RowPages, moved }
}

/** All rows that are here, in their order. */
export const knownRows = ({ pages }: RowPages): RunRow[] =>
  [...pages].sort(([a], [b]) => a - b).flatMap(([, rows]) => rows)
