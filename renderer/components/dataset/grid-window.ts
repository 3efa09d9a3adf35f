/** Arithmetic of the picture grid: which rows are drawn, where the focus goes, what keeps its place. Lengths in CSS pixels. */

/** Pixels between two pictures. */
export const GAP = 2
/** A picture is at least this wide, so that it stays near its thumbnail's own size. */
const LEAST_TILE = 148
/** Faster than this, pixels per ms, nobody sees what passes. */
const BLUR = 5
/** Rows drawn beyond the edges of the view, so that a scroll rarely meets one that is not there. */
const BEYOND = 2

export interface GridShape {
  count: number
  columns: number
  rows: number
  /** Height of a picture; its width is the same but for the remainder of a pixel. */
  tile: number
  /** From the top of a row to the top of the next. */
  pitch: number
  /** Of all rows. */
  height: number
}

export interface RowRange {
  from: number
  /** The row after the last. */
  to: number
}

export function shapeOf(count: number, width: number): GridShape {
  const columns = Math.max(1, Math.floor((width + GAP) / (LEAST_TILE + GAP)))
  const tile = Math.max(1, Math.floor((width - GAP * (columns - 1)) / columns))
  const rows = Math.ceil(count / columns)
  const pitch = tile + GAP
  return { count, columns, rows, tile, pitch, height: Math.max(0, rows * pitch - GAP) }
}

/** @returns the rows to draw */
export function rowsInView(shape: GridShape, scrollTop: number, viewHeight: number): RowRange {
  const from = clamp(Math.floor(scrollTop / shape.pitch) - BEYOND, 0, shape.rows)
  const to = clamp(Math.ceil((scrollTop + viewHeight) / shape.pitch) + BEYOND, from, shape.rows)
  return { from, to }
}

/** Whether a scroll by `distance` pixels within `ms` is too fast to see by. */
export const isBlur = (distance: number, ms: number): boolean => Math.abs(distance) / Math.max(1, ms) > BLUR

/** @returns how far to scroll so that the picture is whole in the view; the same as before where it already is */
export function scrollToShow(shape: GridShape, index: number, scrollTop: number, viewHeight: number): number {
  const top = Math.floor(index / shape.columns) * shape.pitch
  if (top < scrollTop) return top
  if (top + shape.tile > scrollTop + viewHeight) return Math.max(0, top + shape.tile - viewHeight)
  return scrollTop
}

/** @returns how far to scroll after the columns have changed, so that the first picture in view stays the first */
export function keepPlace(before: GridShape, after: GridShape, scrollTop: number): number {
  if (before.columns === after.columns && before.pitch === after.pitch) return scrollTop
  const row = scrollTop / before.pitch
  const first = Math.floor(row) * before.columns
  return (Math.floor(first / after.columns) + (row % 1)) * after.pitch
}

/**
 * @param viewHeight for a page up and down
 * @returns the picture that a key leads to, or null for a key that leads nowhere
 */
export function focusAfter(
  { key, ctrlKey }: { key: string; ctrlKey: boolean },
  index: number,
  shape: GridShape,
  viewHeight: number
): number | null {
  const { columns, count } = shape
  const last = count - 1
  const rowStart = index - (index % columns)
  const page = Math.max(1, Math.floor(viewHeight / shape.pitch)) * columns
  // A step down from the last full row ends on the last picture, which is in the row below; elsewhere it stays in its column.
  const below = (target: number): number => (target <= last ? target : rowStart + columns <= last ? last : index)
  const targets: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns >= 0 ? index - columns : index,
    ArrowDown: below(index + columns),
    PageUp: index - page >= 0 ? index - page : index % columns,
    PageDown: below(index + page),
    Home: ctrlKey ? 0 : rowStart,
    End: ctrlKey ? last : rowStart + columns - 1
  }
  const target = targets[key]
  return target === undefined || last < 0 ? null : clamp(target, 0, last)
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
