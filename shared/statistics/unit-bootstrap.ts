/**
 * Intervals of a mean that varies in two ways at once: from training to training (seeds, orders: the units) and from test image to
 * test image.
 */
import { createRandom } from '../random'
import { studentQuantile } from './distributions'

export interface UnitBootstrapOptions {
  resamples: number
  seed: number
}

export interface Interval {
  value: number
  low: number | null
  high: number | null
}

const DEFAULTS: UnitBootstrapOptions = { resamples: 1000, seed: 1 }
/** Multiplications that an interval may take: with many images fewer resamples do. */
const WORK = 2e7
const FEWEST = 200

/**
 * The mean over units and columns, with its 95 % percentile interval (Efron & Tibshirani 1993, chapter 13): units and columns are
 * drawn anew, each with replacement, the same columns for every unit. Of n units the resampled means are spread too little by
 * √((n − 1)/n), which few units make felt; it is put right (Hesterberg 2015, https://doi.org/10.1080/00031305.2015.1089789). Of a
 * single unit only the columns are drawn: the interval then knows nothing of what another training would have done.
 *
 * @param units one row a unit, all of one length (per-image outcomes, or their differences)
 */
export function unitBootstrap(
  units: readonly ArrayLike<number>[],
  { resamples, seed }: UnitBootstrapOptions = DEFAULTS
): Interval | null {
  const count = units.length
  const columns = units[0]?.length ?? 0
  if (count === 0 || columns === 0) return null
  const value = meanOf(units.map((unit) => meanOf(unit)))
  const random = createRandom(seed)
  const wide = count > 1 ? Math.sqrt(count / (count - 1)) : 0
  const runs = Math.max(FEWEST, Math.min(resamples, Math.floor(WORK / (count * columns))))
  const drawn = new Int32Array(columns)
  const means = Float64Array.from({ length: runs }, () => {
    drawn.fill(0)
    for (let draw = 0; draw < columns; draw++) drawn[random.int(columns)]!++
    const perUnit = units.map((unit) => weightedMean(unit, drawn))
    const center = meanOf(perUnit)
    if (count === 1) return center
    let resampled = 0
    for (let draw = 0; draw < count; draw++) resampled += perUnit[random.int(count)]!
    return center + wide * (resampled / count - center)
  }).sort()
  return { value, low: quantile(means, 0.025), high: quantile(means, 0.975) }
}

function weightedMean(unit: ArrayLike<number>, weights: Int32Array): number {
  let sum = 0
  for (let column = 0; column < weights.length; column++) sum += unit[column]! * weights[column]!
  return sum / weights.length
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index]!
  return sum / values.length
}

/** Linear between neighbours, as NumPy's default. @param sorted ascending */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!)
}

/** The mean of a few measurements with its 95 % t interval; of one, no interval. Null of none. */
export function meanInterval(values: readonly number[]): Interval | null {
  const count = values.length
  if (count === 0) return null
  const value = meanOf(values)
  if (count === 1) return { value, low: null, high: null }
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1)
  const half = studentQuantile(0.05, count - 1) * Math.sqrt(variance / count)
  return { value, low: value - half, high: value + half }
}
