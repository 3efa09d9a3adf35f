/** The inverse Hessian as L-BFGS remembers it: the last differences of points and of gradients. */

interface Pair {
  /** Difference of two points. */
  s: Float64Array
  /** Difference of their gradients. */
  y: Float64Array
  /** 1/(s·y). */
  rho: number
}

/** A curvature below this share of |s|·|y| is rounding, not the function. */
const LEAST_CURVATURE = 1e-10

export class VectorPairs {
  private pairs: Pair[] = []

  constructor(private readonly memory: number) {}

  get isEmpty(): boolean {
    return this.pairs.length === 0
  }

  clear(): void {
    this.pairs = []
  }

  /** A pair without positive curvature is left out, so that the matrix stays positive definite. */
  add(point: Float64Array, gradient: Float64Array, nextPoint: Float64Array, nextGradient: Float64Array): void {
    const oldest = this.pairs.length === this.memory ? this.pairs[0]! : null
    const s = oldest?.s ?? new Float64Array(point.length)
    const y = oldest?.y ?? new Float64Array(point.length)
    let [sy, ss, yy] = [0, 0, 0]
    for (let index = 0; index < s.length; index++) {
      const ds = nextPoint[index]! - point[index]!
      const dy = nextGradient[index]! - gradient[index]!
      s[index] = ds
      y[index] = dy
      sy += ds * dy
      ss += ds * ds
      yy += dy * dy
    }
    // Its arrays were written over.
    if (oldest) this.pairs.shift()
    if (sy > LEAST_CURVATURE * Math.sqrt(ss * yy)) this.pairs.push({ s, y, rho: 1 / sy })
  }

  /** −H·gradient by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4), H₀ = (s·y)/(y·y)·I of the newest pair. */
  direction(gradient: Float64Array): Float64Array {
    const q = gradient.map((part) => -part)
    const newest = this.pairs.at(-1)
    if (!newest) return q
    const alphas = new Float64Array(this.pairs.length)
    for (let place = this.pairs.length - 1; place >= 0; place--) {
      const { s, y, rho } = this.pairs[place]!
      alphas[place] = rho * dot(s, q)
      addScaled(q, y, -alphas[place]!)
    }
    const scale = 1 / (newest.rho * dot(newest.y, newest.y))
    for (let index = 0; index < q.length; index++) q[index]! *= scale
    this.pairs.forEach(({ s, y, rho }, place) => addScaled(q, s, alphas[place]! - rho * dot(y, q)))
    return q
  }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!
  return sum
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let index = 0; index < target.length; index++) target[index]! += factor * values[index]!
}
