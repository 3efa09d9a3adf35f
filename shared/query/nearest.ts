/** The name that somebody meant. */

/** @returns the known name that is fewest keystrokes away, or null when none is near. Case does not count. */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase()
  let best: string | null = null
  // A third of its letters wrong: it was another word.
  let fewest = Math.floor(wanted.length / 3) + 1
  for (const candidate of known) {
    const offered = candidate.toLowerCase()
    const distance = Math.min(
      keystrokes(wanted, offered),
      // `learningRate` for `head.learningRate`: the part after the dots is the name.
      wanted.includes('.') ? Infinity : 0.5 + keystrokes(wanted, offered.slice(offered.lastIndexOf('.') + 1))
    )
    if (distance < fewest) [best, fewest] = [candidate, distance]
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment; Damerau 1964). */
function keystrokes(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const next = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(next[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1)
      next.push(cost)
    }
    ;[before, last] = [last, next]
  }
  return last[b.length]!
}
