/** Rows of features, ready to find the nearest ones to another. */

export interface Neighbour {
  /** Of the row. */
  index: number
  /** 1 − cosine: 0 in the same direction, 1 at a right angle. */
  distance: number
}

export interface FeatureIndex {
  /** Rows that can be found: those that hold numbers. */
  readonly size: number
  /** @param skip rows that are not wanted @returns the nearest `count`, the nearest first; ties in the order of the rows */
  nearest(query: Float32Array, count: number, skip?: (index: number) => boolean): Neighbour[]
}

/**
 * Every row is compared: 10,000 of 1,280 features are 13 million products, which is less than finding out where not to look.
 * @param rows [count, width]; kept and scaled to length 1 in place. A row that is not a number, or all zeros, is never found.
 */
export function openFeatureIndex(rows: Float32Array, width: number): FeatureIndex {
  const count = rows.length / width
  const found = new Uint8Array(count)
  for (let index = 0; index < count; index++) found[index] = scaleToUnit(rows, index * width, width) ? 1 : 0
  return {
    size: found.reduce((total, value) => total + value, 0),
    nearest(query, wanted, skip) {
      const unit = Float32Array.from(query)
      if (!scaleToUnit(unit, 0, width)) return []
      const best: Neighbour[] = []
      for (let index = 0; index < count; index++) {
        if (!found[index]) continue
        const distance = Math.max(0, 1 - product(unit, rows, index * width, width))
        if (best.length === wanted && distance >= best[wanted - 1]!.distance) continue
        if (skip?.(index)) continue
        insert(best, { index, distance }, wanted)
      }
      return best
    }
  }
}

function insert(best: Neighbour[], neighbour: Neighbour, most: number): void {
  let place = best.length
  while (place > 0 && best[place - 1]!.distance > neighbour.distance) place--
  best.splice(place, 0, neighbour)
  if (best.length > most) best.pop()
}

/** Four sums at once: the processor need not wait for one to end before it begins the next. */
function product(a: Float32Array, rows: Float32Array, start: number, width: number): number {
  let [w, x, y, z] = [0, 0, 0, 0]
  let at = 0
  for (; at + 3 < width; at += 4) {
    const from = start + at
    w += a[at]! * rows[from]!
    x += a[at + 1]! * rows[from + 1]!
    y += a[at + 2]! * rows[from + 2]!
    z += a[at + 3]! * rows[from + 3]!
  }
  for (; at < width; at++) w += a[at]! * rows[start + at]!
  return w + x + y + z
}

/** @returns whether there was a direction */
function scaleToUnit(rows: Float32Array, start: number, width: number): boolean {
  let squares = 0
  for (let at = start; at < start + width; at++) squares += rows[at]! * rows[at]!
  const length = Math.sqrt(squares)
  if (!(length > 0 && Number.isFinite(length))) return false
  for (let at = start; at < start + width; at++) rows[at]! /= length
  return true
}
