/** The order of the runs table: by one heading, and with Shift by several. */

export interface SortKey {
  key: string
  descending: boolean
}

/** Columns that a table can be ordered by at once. */
const MOST_KEYS = 4

/**
 * What a click on a heading comes to. Alone: this key only, turned around if it was the first already. With Shift: behind the keys
 * that are there; a key that is there already is turned around, and at the third click left out.
 */
export function nextSort(current: readonly SortKey[], key: string, largest: boolean, shift: boolean): SortKey[] {
  const known = current.find((sort) => sort.key === key)
  if (!shift) {
    const alone = current.length === 1 && known
    return [{ key, descending: alone ? !known.descending : largest }]
  }
  if (!known) return [...current, { key, descending: largest }].slice(-MOST_KEYS)
  if (known.descending === largest) {
    return current.map((sort) => (sort.key === key ? { key, descending: !largest } : sort))
  }
  return current.filter((sort) => sort.key !== key)
}

/** For the heading's `aria-sort`, which knows of one column alone. */
export const ariaSort = (current: readonly SortKey[], key: string): 'ascending' | 'descending' | 'none' =>
  current[0]?.key !== key ? 'none' : current[0].descending ? 'descending' : 'ascending'

/** The sign beside a heading: an arrow, with its rank where there are several. */
export function sortSign(current: readonly SortKey[], key: string): string {
  const rank = current.findIndex((sort) => sort.key === key)
  if (rank < 0) return ''
  const arrow = current[rank]!.descending ? '↓' : '↑'
  return current.length > 1 ? `${arrow}${String(rank + 1)}` : arrow
}
