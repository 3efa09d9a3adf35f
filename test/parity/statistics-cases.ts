/** Random inputs of the statistics, ties and lopsided classes among them. */
import { createRandom } from '@shared/random'

export const CASES = 200

const random = createRandom(20_250_711)
const many = <T>(make: (index: number) => T, count = CASES): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
const between = (low: number, high: number): number => low + random.int(high - low + 1)

/** Rounded to a few digits in two of three cases, so that many are equal. */
function rounding(index: number): (value: number) => number {
  const steps = [1e12, 10, 100][index % 3]!
  return (value) => (steps === 1e12 ? value : Math.round(value * steps) / steps)
}

export interface Scores {
  scores: number[]
  positive: number[]
}

export const binary: Scores[] = many((index) => {
  const round = rounding(index)
  const share = random.float()
  const positive = Array.from({ length: between(2, 120) }, () => Number(random.float() < share))
  // Every twentieth has but one kind of image.
  if (index % 20 === 0) positive.fill(Number(index % 40 === 0))
  return {
    positive,
    scores: positive.map((label) => round(Math.min(1, Math.max(0, 0.25 * label + 0.75 * random.float()))))
  }
})

export interface Classified {
  truth: number[]
  /** Row-major. */
  probabilities: number[]
}

/** Softmax of random logits, float32 as they are stored, every class in the truth. */
function classified(index: number, shape: (row: number[], index: number) => number[]): Classified {
  const classes = between(2, 7)
  const truth = Array.from({ length: between(classes, 150) }, (_, row) => (row < classes ? row : random.int(classes)))
  const sharpness = 0.5 + 4 * random.float()
  const rows = truth.map((label) => {
    const logits = Array.from(
      { length: classes },
      (_, place) => sharpness * (random.normal() + Number(place === label))
    )
    const powers = logits.map(Math.exp)
    const sum = powers.reduce((total, power) => total + power, 0)
    return shape(
      powers.map((power) => power / sum),
      index
    )
  })
  return { truth, probabilities: [...Float32Array.from(rows.flat())] }
}

export const multiclass = many((index) => classified(index, (row) => row.map(rounding(index))))

/** Confidences on the very edges of the bins are among them. */
export const calibration = many((index) =>
  classified(index, (row) => (index % 2 === 0 ? row : row.map((value) => Math.round(value * 30) / 30)))
)

/** Some wrong enough, and some right enough, for a temperature to have an optimum. */
export const temperature = many((index) => classified(index, (row) => row))

export const bootstrap = many((index) => {
  const [right, gain] = [0.5 + 0.45 * random.float(), 0.2 * random.float()]
  const count = between(5, 300)
  const a = Array.from({ length: count }, () => Number(random.float() < right))
  const b = a.map((value) => (random.float() < gain ? 1 : random.float() < 0.1 ? 0 : value))
  return { a, b, seed: index }
})

const figures = (count: number): number[] => Array.from({ length: count }, () => random.float() * 0.2 + 0.75)

export const tests = many((index) => {
  const length = between(2, 10)
  return { a: figures(length), b: figures(index % 2 === 0 ? length : between(2, 10)) }
}, 2 * CASES)

export const tails = many(() => ({
  t: 8 * random.normal(),
  df: 1 + 60 * random.float() ** 2,
  tail: 10 ** (-6 * random.float())
}))

export const wilson = many(() => {
  const count = between(1, 5000)
  return { count, successes: between(0, count) }
})

export const pairs = many((index) => {
  const most = [12, 60, 2000][index % 3]!
  return { b: between(0, most), c: between(0, most) }
})

export const families = many((index) => ({
  ps: Array.from({ length: between(1, 20) }, () => rounding(index)(random.float() ** 3))
}))

export const needs = many(() => {
  const count = between(10, 4000)
  return { count, discordant: between(0, Math.floor(count / 3)), difference: 0.02 + 0.1 * random.float() }
})

export const guesses = many(() => {
  const classes = between(2, 8)
  const truth = Array.from({ length: between(1, 100) }, () => random.int(classes))
  return { classes, truth, predicted: truth.map((label) => (random.float() < 0.6 ? label : random.int(classes))) }
})

/** Means on both sides of where the way to draw them changes. */
export const binomial = many((index) => {
  const count = between(1, [40, 400, 20_000][index % 3]!)
  const share = index % 5 === 0 ? random.float() : Math.min(1, (30 * random.float()) / count)
  return { count, share, seed: index }
})
