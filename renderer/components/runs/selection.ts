/** Which runs are chosen in a table, by clicks and by keys. */

export interface Selecting {
  /** Ids in the order in which the table shows them. */
  order: readonly string[]
  selected: ReadonlySet<string>
  /** The row that was clicked before. */
  anchor: string | null
}

/**
 * What is selected after a click on a check box: the row is toggled; with Shift, every row from the anchor to it takes the
 * state that the click gives it.
 */
export function toggleRow({ order, selected, anchor }: Selecting, id: string, shift: boolean): Set<string> {
  const next = new Set(selected)
  const select = !selected.has(id)
  const from = shift && anchor !== null ? order.indexOf(anchor) : -1
  const to = order.indexOf(id)
  const range = from < 0 || to < 0 ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1)
  return setAll(next, range, select)
}

/** Ticks all, unless all are ticked: then none. */
export function toggleAll(selected: ReadonlySet<string>, ids: readonly string[]): Set<string> {
  const every = ids.length > 0 && ids.every((id) => selected.has(id))
  return setAll(new Set(selected), ids, !every)
}

/** With Shift and an arrow: from the anchor to where the keys have come, and what was chosen before the anchor was set. */
export const extendTo = (before: ReadonlySet<string>, range: readonly string[]): Set<string> =>
  setAll(new Set(before), range, true)

function setAll(ids: Set<string>, which: readonly string[], on: boolean): Set<string> {
  for (const id of which) {
    if (on) ids.add(id)
    else ids.delete(id)
  }
  return ids
}
