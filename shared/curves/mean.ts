/** The mean of several curves with a band around it. */
import type { BandKind } from '../domain/curves'
import { ascendingOrder, permuted, type Points } from './points'
import type { Band } from './reduce'

/** A curve with the step of each of its points, ascending. */
export interface SteppedPoints extends Points {
  step: Float64Array
}

/**
 * Step by step, over the curves that have a finite value there, so that a run that ended early leaves the mean of those that go
 * on; x is the mean of theirs. A step that no curve has a finite value for is a gap.
 *
 * @param kind `range`: lowest to highest; `deviation`: one sample standard deviation (n − 1) to either side, nothing for one curve
 */
export function meanBand(members: readonly SteppedPoints[], kind: BandKind): { mean: Points; band: Band } {
  const most = members.reduce((sum, { step }) => sum + step.length, 0)
  const columns = Array.from({ length: 4 }, () => new Float64Array(most)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array
  ]
  const next = new Uint32Array(members.length)
  const values = new Float64Array(members.length)
  let count = 0
  for (;;) {
    let step = Infinity
    members.forEach((member, place) => {
      if (next[place]! < member.step.length) step = Math.min(step, member.step[next[place]!]!)
    })
    if (step === Infinity) break
    let present = 0
    let finite = 0
    let x = 0
    members.forEach((member, place) => {
      const at = next[place]!
      if (member.step[at] !== step) return
      next[place] = at + 1
      present++
      x += member.x[at]!
      if (Number.isFinite(member.y[at]!)) values[finite++] = member.y[at]!
    })
    const { mean, low, high } = summarise(values.subarray(0, finite), kind)
    ;[x / present, mean, low, high].forEach((value, place) => (columns[place]![count] = value))
    count++
  }
  const order = ascendingOrder(columns[0].subarray(0, count))
  const [x, mean, low, high] = columns.map((column) => permuted(column.slice(0, count), order)) as typeof columns
  return { mean: { x, y: mean }, band: { x, low, high } }
}

function summarise(values: Float64Array, kind: BandKind): { mean: number; low: number; high: number } {
  const count = values.length
  let sum = 0
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    sum += value
    if (value < low) low = value
    if (value > high) high = value
  }
  const mean = sum / count
  if (count === 0) return { mean, low: Number.NaN, high: Number.NaN }
  if (kind === 'range') return { mean, low, high }
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0
  return { mean, low: mean - deviation, high: mean + deviation }
}
