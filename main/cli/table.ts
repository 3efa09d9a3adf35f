/** Columns of text for a terminal. */

export type Cell = string | number | null

/** @param right indices of the columns that are aligned to the right, as numbers are */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  right: readonly number[] = []
): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => (cell === null ? '–' : String(cell))))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const space = ' '.repeat(widths[column]! - width(cell))
          return right.includes(column) ? space + cell : cell + space
        })
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** Characters as they are seen, so that accents and emoji do not push a column aside. */
const segmenter = new Intl.Segmenter()
const width = (text: string): number => [...segmenter.segment(text)].length
