import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { classWeights } from '../../../main/engine/training/class-balance'
import { minimize, type Objective } from '../../../main/engine/training/logistic/lbfgs'
import { LogisticObjective } from '../../../main/engine/training/logistic/objective'
import type { LinearProducts } from '../../../main/engine/training/logistic/products'
import fixture from '../../fixtures/logistic-regression.json' with { type: 'json' }

const options = { tolerance: 1e-8, maxIterations: 200 }

/** The two products in plain loops. */
function plainProducts(x: ArrayLike<number>, width: number, rows: number): LinearProducts {
  const product = (left: Float32Array, count: number, of: (to: number, at: number) => number): Float32Array => {
    const inner = count === rows ? width : rows
    const classes = left.length / inner
    return Float32Array.from({ length: classes * count }, (_, place) => {
      let sum = 0
      for (let at = 0; at < inner; at++) sum += left[Math.floor(place / count) * inner + at]! * of(place % count, at)
      return sum
    })
  }
  return {
    scores: async (kernel) => product(kernel, rows, (row, feature) => x[row * width + feature]!),
    gradient: async (residuals) => product(residuals, width, (feature, row) => x[row * width + feature]!),
    dispose: async () => undefined
  }
}

describe('minimize', () => {
  it('comes to the closed solution of a quadratic', async () => {
    const curvature = [1, 10, 100, 0.5]
    const target = [3, -2, 0.5, 8]
    const bowl: Objective = async (point) => ({
      value: point.reduce((sum, value, index) => sum + (curvature[index]! / 2) * (value - target[index]!) ** 2, 0),
      gradient: point.map((value, index) => curvature[index]! * (value - target[index]!))
    })
    const { point, converged, iterations } = await minimize(bowl, new Float64Array(4), options)
    expect(converged).toBe(true)
    expect(iterations).toBeLessThan(25)
    expect([...point]).toEqual(target.map((value) => expect.closeTo(value, 6)))
  })

  it("finds its way through Rosenbrock's valley", async () => {
    const valley: Objective = async ([x, y]) => ({
      value: (1 - x!) ** 2 + 100 * (y! - x! * x!) ** 2,
      gradient: Float64Array.of(-2 * (1 - x!) - 400 * x! * (y! - x! * x!), 200 * (y! - x! * x!))
    })
    const { point, iterations } = await minimize(valley, Float64Array.of(-1.2, 1), options)
    expect([...point]).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)])
    expect(iterations).toBeLessThan(80)
  })

  it('goes down at every step, leaves its start alone, and ends when it is told to', async () => {
    const quartic: Objective = async ([x]) => ({ value: x! ** 4, gradient: Float64Array.of(4 * x! ** 3) })
    const start = Float64Array.of(5)
    const values: number[] = [625]
    const ended = await minimize(quartic, start, {
      ...options,
      onIteration: ({ value }) => {
        expect(value).toBeLessThan(values.at(-1)!)
        return values.push(value) > 4
      }
    })
    expect(ended).toMatchObject({ iterations: 4, converged: false })
    expect(start[0]).toBe(5)
  })

  it('stays where nothing is better, and takes a wall of infinities for one', async () => {
    const flat: Objective = async () => ({ value: 1, gradient: Float64Array.of(0) })
    expect(await minimize(flat, Float64Array.of(2), options)).toMatchObject({ iterations: 0, converged: true })
    const walled: Objective = async ([x]) =>
      x! > 1.5
        ? { value: Infinity, gradient: Float64Array.of(NaN) }
        : { value: (x! - 1) ** 2, gradient: Float64Array.of(2 * (x! - 1)) }
    const { point } = await minimize(walled, Float64Array.of(-9), options)
    expect(point[0]).toBeCloseTo(1, 6)
  })
})

describe('LogisticObjective', () => {
  const [rows, width, classes] = [9, 4, 3]
  const random = createRandom(5)
  const x = Float32Array.from({ length: rows * width }, () => random.normal())
  const labels = Array.from({ length: rows }, (_, row) => row % classes)
  const objective = (smoothing: number): LogisticObjective =>
    new LogisticObjective(plainProducts(x, width, rows), labels, width, Float32Array.of(1, 2, 0.5), smoothing)

  it.each([0, 0.1])('has the gradient of its value, with smoothing %s', async (smoothing) => {
    const loss = objective(smoothing)
    loss.penalty = 0.7
    const point = Float64Array.from({ length: loss.size }, () => random.normal())
    const { gradient } = await loss.evaluate(point)
    for (let index = 0; index < point.length; index++) {
      const at = async (shift: number): Promise<number> => {
        const moved = point.slice()
        moved[index]! += shift
        return (await loss.evaluate(moved)).value
      }
      const slope = ((await at(1e-2)) - (await at(-1e-2))) / 2e-2
      expect(gradient[index]).toBeCloseTo(slope, 3)
    }
  })

  it('is ln K at zero, smoothed or not, weighted by class', async () => {
    for (const smoothing of [0, 0.3]) {
      const { value } = await objective(smoothing).evaluate(new Float64Array(classes * (width + 1)))
      expect(value).toBeCloseTo((Math.log(3) * (1 + 2 + 0.5)) / 3, 6)
    }
  })

  it.each(fixture.fits.map((fit) => [fit.penalty, fit.lossWeights, fit] as const))(
    'comes to the weights of scikit-learn at penalty %s, weights %s',
    async (penalty, lossWeights, fit) => {
      const values = fit.rows.flatMap((row) => fixture.x.slice(row * fixture.width, (row + 1) * fixture.width))
      const own = fit.rows.map((row) => fixture.labels[row]!)
      const weights = classWeights(own, 3, lossWeights as 'none' | 'balanced')
      const products = plainProducts(values, fixture.width, own.length)
      const loss = new LogisticObjective(products, own, fixture.width, weights, 0)
      loss.penalty = penalty
      const { point } = await minimize(loss.evaluate, new Float64Array(loss.size), {
        tolerance: 1e-7,
        maxIterations: 500
      })
      const bias = [...point.subarray(3 * fixture.width)]
      const mean = bias.reduce((sum, value) => sum + value, 0) / 3
      fit.kernel.forEach((weight, index) => expect(point[index]).toBeCloseTo(weight, 3))
      fit.bias.forEach((value, index) => expect(bias[index]! - mean).toBeCloseTo(value, 3))
    }
  )
})
