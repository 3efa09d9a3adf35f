/** A heat map's few cells as a smooth picture to lay over another. */
import { HEAT_COLOURS } from './colours'

export interface HeatCells {
  width: number
  height: number
  /** A byte for each cell, row after row. */
  values: Uint8Array
}

/** From this value on the colour covers as much as it may; below it fades, so that the picture stays to be seen. */
const FULL_AT = 0.5

/** How much of what lies beneath a value's colour covers, 0–1. @param value 0–1 */
export const coverage = (value: number): number => Math.min(1, Math.max(0, value) / FULL_AT)

/**
 * @param gain values are multiplied by it, for maps that share a scale: their peaks against the largest
 * @returns RGBA bytes, width × height, alpha not multiplied in
 */
export function paintHeat(cells: HeatCells, width: number, height: number, gain = 1): Uint8ClampedArray {
  const out = new Uint8ClampedArray(width * height * 4)
  const rows = samples(cells.height, height)
  const columns = samples(cells.width, width)
  for (let y = 0; y < height; y++) {
    const row = rows[y]!
    for (let x = 0; x < width; x++) {
      const column = columns[x]!
      let value = 0
      row.forEach(([cellRow, rowShare]) => {
        column.forEach(([cell, share]) => (value += rowShare * share * cells.values[cellRow * cells.width + cell]!))
      })
      const level = Math.min(1, Math.max(0, (value / 255) * gain))
      const place = (y * width + x) * 4
      const colour = Math.round(level * 255) * 3
      out.set(HEAT_COLOURS.subarray(colour, colour + 3), place)
      out[place + 3] = Math.round(255 * coverage(level))
    }
  }
  return out
}

type Sample = readonly (readonly [index: number, share: number])[]

/**
 * For each of `wanted` pixels, the two cells that it lies between and their shares, eased: the values stay those of the cells at their
 * middles and between those of their neighbours elsewhere, without the ridges of straight lines. At the edge the last
 * cell goes on.
 */
function samples(count: number, wanted: number): Sample[] {
  const clamp = (cell: number): number => Math.min(Math.max(cell, 0), count - 1)
  return Array.from({ length: wanted }, (_, pixel) => {
    const at = ((pixel + 0.5) * count) / wanted - 0.5
    const first = Math.floor(at)
    const u = at - first
    const eased = u * u * (3 - 2 * u)
    return [[clamp(first), 1 - eased] as const, [clamp(first + 1), eased] as const]
  })
}

/** @param base64 of the cells' bytes */
export function decodeCells(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
