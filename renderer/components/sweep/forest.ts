/**
 * A small random forest for regression (Breiman 2001), to ask which columns tell how a run turns out. Columns are cut into few bins, so
 * that a thousand runs take a fraction of a second.
 */
import { createRandom, type Random } from '@shared/random'

export interface ForestColumn {
  /** A bin for each row. */
  bins: Uint8Array
  count: number
  /** Bins in an order: split between two of them. Otherwise one of them is split from the rest. */
  ordered: boolean
}

export interface ForestResult {
  /** Share of the variance of runs that a tree has not seen which the forest explains; below 0: worse than their mean. */
  explained: number
  /** By column: how much of the variance is no longer explained once that column is shuffled (permutation importance), and its standard error over the trees. */
  importance: { mean: number; error: number }[]
}

interface Node {
  value: number
  column: number
  bin: number
  left: Node | null
  right: Node | null
}

const TREES = 80
const DEEPEST = 12
const SMALLEST_LEAF = 3

export function growForest(columns: readonly ForestColumn[], target: ArrayLike<number>, seed = 1): ForestResult {
  const count = target.length
  const random = createRandom(seed)
  const variance = varianceOf(target)
  const sums = new Float64Array(count)
  const votes = new Uint16Array(count)
  const drops: number[][] = columns.map(() => [])
  for (let tree = 0; tree < TREES; tree++) {
    const drawn = new Uint8Array(count)
    const rows = Int32Array.from({ length: count }, () => {
      const row = random.int(count)
      drawn[row] = 1
      return row
    })
    const root = grow(columns, target, rows, random, 0)
    const unseen = Int32Array.from(Array.from({ length: count }, (_, row) => row).filter((row) => drawn[row] === 0))
    if (unseen.length < 2) continue
    let base = 0
    for (const row of unseen) {
      const guess = predict(root, columns, row, -1, row)
      sums[row]! += guess
      votes[row]!++
      base += (guess - target[row]!) ** 2
    }
    columns.forEach((_, column) => {
      const shuffled = random.shuffle(unseen.slice())
      let error = 0
      unseen.forEach((row, at) => (error += (predict(root, columns, row, column, shuffled[at]!) - target[row]!) ** 2))
      drops[column]!.push(variance > 0 ? (error - base) / unseen.length / variance : 0)
    })
  }
  return { explained: explainedBy(sums, votes, target, variance), importance: drops.map(meanAndError) }
}

function grow(
  columns: readonly ForestColumn[],
  target: ArrayLike<number>,
  rows: Int32Array,
  random: Random,
  depth: number
): Node {
  let sum = 0
  for (const row of rows) sum += target[row]!
  const node: Node = { value: sum / rows.length, column: -1, bin: 0, left: null, right: null }
  if (depth >= DEEPEST || rows.length < 2 * SMALLEST_LEAF) return node
  let best = 1e-12
  for (const column of someOf(columns.length, random)) {
    const split = bestSplit(columns[column]!, target, rows, sum)
    if (split.gain > best) [best, node.column, node.bin] = [split.gain, column, split.bin]
  }
  if (node.column < 0) return node
  const chosen = columns[node.column]!
  const goesLeft = (row: number): boolean => isLeft(chosen, node.bin, chosen.bins[row]!)
  node.left = grow(columns, target, rows.filter(goesLeft), random, depth + 1)
  node.right = grow(
    columns,
    target,
    rows.filter((row) => !goesLeft(row)),
    random,
    depth + 1
  )
  return node
}

/** The gain is what Σ(y − mean)² falls by. */
function bestSplit({ bins, count, ordered }: ForestColumn, target: ArrayLike<number>, rows: Int32Array, total: number) {
  const sums = new Float64Array(count)
  const sizes = new Uint32Array(count)
  for (const row of rows) {
    const bin = bins[row]!
    sums[bin]! += target[row]!
    sizes[bin]!++
  }
  const whole = total ** 2 / rows.length
  let best = { gain: 0, bin: 0 }
  let [left, size] = [0, 0]
  for (let bin = 0; bin < count; bin++) {
    ;[left, size] = ordered ? [left + sums[bin]!, size + sizes[bin]!] : [sums[bin]!, sizes[bin]!]
    const rest = rows.length - size
    if (size < SMALLEST_LEAF || rest < SMALLEST_LEAF) continue
    const gain = left ** 2 / size + (total - left) ** 2 / rest - whole
    if (gain > best.gain) best = { gain, bin }
  }
  return best
}

const isLeft = ({ ordered }: ForestColumn, bin: number, own: number): boolean => (ordered ? own <= bin : own === bin)

/** A third of the columns, as Breiman has it for regression; at least two of them, where there are two. */
function someOf(count: number, random: Random): Int32Array {
  return random.permutation(count).slice(0, Math.max(Math.min(2, count), Math.ceil(count / 3)))
}

/** @param column whose value is taken from the row `other` instead */
function predict(root: Node, columns: readonly ForestColumn[], row: number, column: number, other: number): number {
  let node = root
  while (node.left && node.right) {
    const own = columns[node.column]!
    node = isLeft(own, node.bin, own.bins[node.column === column ? other : row]!) ? node.left : node.right
  }
  return node.value
}

export function varianceOf(values: ArrayLike<number>): number {
  let [sum, squares] = [0, 0]
  for (let at = 0; at < values.length; at++) sum += values[at]!
  const mean = sum / values.length
  for (let at = 0; at < values.length; at++) squares += (values[at]! - mean) ** 2
  return squares / values.length
}

function explainedBy(sums: Float64Array, votes: Uint16Array, target: ArrayLike<number>, variance: number): number {
  let [error, count] = [0, 0]
  for (let row = 0; row < target.length; row++) {
    if (votes[row] === 0) continue
    error += (sums[row]! / votes[row]! - target[row]!) ** 2
    count++
  }
  return variance > 0 && count > 0 ? 1 - error / count / variance : 0
}

function meanAndError(values: readonly number[]): { mean: number; error: number } {
  if (values.length === 0) return { mean: 0, error: 0 }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: values.length > 1 ? Math.sqrt(squares / (values.length - 1) / values.length) : 0 }
}
