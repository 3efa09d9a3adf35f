/** Where the parts of a confusion matrix lie, in pixels. */

export interface MatrixLayout {
  /** Side of one cell. */
  cell: number
  /** Of all cells. */
  side: number
  /** Where the cells begin. */
  left: number
  top: number
  width: number
  height: number
  /** Whether there is room for the class names. */
  labels: boolean
  font: number
  /** The class names, cut to the room there is. */
  names: string[]
  /** Path of the lines between cells. */
  grid: string
}

const LONGEST_NAME = 16
const LARGEST_CELL = 44
const SMALLEST_LABELLED_CELL = 11

/** @param width of the place that the matrix may fill */
export function matrixLayout(classes: readonly string[], width: number): MatrixLayout {
  const count = Math.max(1, classes.length)
  const names = classes.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name))
  const room = Math.min(110, 12 + 6.2 * Math.max(0, ...names.map((name) => name.length)))
  const labelled = Math.floor((width - room - 1) / count)
  const labels = labelled >= SMALLEST_LABELLED_CELL
  const margin = labels ? Math.ceil(room) : 0
  const cell = Math.max(3, Math.min(LARGEST_CELL, labels ? labelled : Math.floor((width - 1) / count)))
  const side = cell * count
  const lines = Array.from({ length: count - 1 }, (_, index) => (index + 1) * cell)
  const grid = cell < 6 ? '' : lines.map((at) => `M0 ${at}H${side}M${at} 0V${side}`).join('')
  return {
    cell,
    side,
    left: margin,
    top: margin,
    width: margin + side + 1,
    height: margin + side + 1,
    labels,
    font: Math.min(12, Math.max(10, cell - 2)),
    names,
    grid
  }
}
