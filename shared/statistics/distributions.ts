/** Tail probabilities of Student's t and of the normal distribution, to nearly all digits that a double has. */

/** Continued fractions end when a step changes less than this share. */
const PRECISION = 1e-16
const MOST_STEPS = 10_000
/** Stands in for a 0 that Lentz's method would divide by. */
const TINY = 1e-300

/** Coefficients of Lanczos' approximation with g = 671/128 (Press et al., Numerical Recipes, 3rd edition, section 6.1). */
const LANCZOS = [
  57.1562356658629235, -59.5979603554754912, 14.1360979747417471, -0.491913816097620199, 0.339946499848118887e-4,
  0.465236289270485756e-4, -0.983744753048795646e-4, 0.158088703224912494e-3, -0.210264441724104883e-3,
  0.217439618115212643e-3, -0.16431810653676389e-3, 0.844182239838527433e-4, -0.261908384015814087e-4,
  0.368991826595316234e-5
]

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  const shifted = x + 671 / 128
  const sum = LANCZOS.reduce((total, coefficient, index) => total + coefficient / (x + 1 + index), 0.999999999999997092)
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310005 * sum) / x)
}

/**
 * Regularised incomplete beta function I_x(a, b), by its continued fraction (NIST Digital Library of Mathematical Functions,
 * https://dlmf.nist.gov/8.17.E22).
 *
 * @param x in [0, 1]
 */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // Beyond its mean the fraction converges slowly; the other tail does not.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a
  const fraction = lentz(1, (step) => {
    const m = Math.floor(step / 2)
    return step % 2 === 0
      ? [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), 1]
      : [(-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)), 1]
  })
  return front / fraction
}

/** Probability that |T| is at least |t| under Student's t with `df` degrees of freedom, which need not be whole. */
export function studentTwoSided(t: number, df: number): number {
  return incompleteBeta(df / 2, 0.5, df / (df + t * t))
}

/** The t that |T| exceeds with probability `tail`, both sides together: 0.05 for a 95 % interval. */
export function studentQuantile(tail: number, df: number): number {
  let [low, high] = [0, 1]
  while (studentTwoSided(high, df) > tail) [low, high] = [high, high * 2]
  // Bisection: some fifty steps to the last digit, and nothing to go wrong.
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (studentTwoSided(middle, df) > tail) low = middle
    else high = middle
  }
  return high
}

/** Probability that |Z| is at least |z| under the standard normal: erfc(|z|/√2). */
export function normalTwoSided(z: number): number {
  const square = (z * z) / 2
  if (square === 0) return 1
  const front = Math.exp(-square + 0.5 * Math.log(square)) / Math.sqrt(Math.PI)
  // Incomplete gamma function of 1/2: the series near 0 (https://dlmf.nist.gov/8.7.E1), the fraction beyond (8.9.E2).
  if (square < 1.5) {
    let [term, sum] = [2, 2]
    for (let n = 1; term > sum * PRECISION; n++) {
      term *= square / (n + 0.5)
      sum += term
    }
    return 1 - front * sum
  }
  const fraction = lentz(square + 0.5, (step) => [-step * (step - 0.5), square + 2 * step + 0.5])
  return front / fraction
}

/**
 * b₀ + a₁/(b₁ + a₂/(b₂ + …)), by the modified Lentz method (Thompson & Barnett 1986).
 *
 * @param terms aₙ and bₙ for n = 1, 2, …
 */
function lentz(first: number, terms: (step: number) => [a: number, b: number]): number {
  let value = first === 0 ? TINY : first
  let c = value
  let d = 0
  for (let step = 1; step <= MOST_STEPS; step++) {
    const [a, b] = terms(step)
    d = b + a * d || TINY
    c = b + a / c || TINY
    d = 1 / d
    const change = c * d
    value *= change
    if (Math.abs(change - 1) < PRECISION * 4) break
  }
  return value
}
