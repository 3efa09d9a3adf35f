import { describe, expect, it } from 'vitest'
import { clipByGlobalNorm, createOptimizer, type Parameter } from '../../../main/engine/training/optimizers'

const parameter = (values: number[], decays = true): Parameter => ({ values: Float32Array.from(values), decays })

/** Adam and AdamW as their papers write them, in float64. */
function reference(start: number, gradients: number[], rate: number, decay: number): number {
  let [value, m, v] = [start, 0, 0]
  gradients.forEach((g, index) => {
    const t = index + 1
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    value -= rate * decay * value
    value -= (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
  })
  return value
}

describe('createOptimizer', () => {
  const gradients = [0.5, -0.2, 1.5, 0.01, -3]

  it('adam takes a first step of the learning rate, whatever the gradient', () => {
    const weight = parameter([1, 1, 1])
    createOptimizer({ optimizer: 'adam', weightDecay: 0, momentum: 0.9 }, [weight]).step(
      [Float32Array.of(1e-3, 5, -40)],
      0.01
    )
    expect([...weight.values]).toEqual([0.99, 0.99, 1.01].map((value) => expect.closeTo(value, 5)))
  })

  it('adam and adamw follow their papers', () => {
    for (const [optimizer, weightDecay, expectedDecay] of [
      ['adam', 0.3, 0],
      ['adamw', 0.3, 0.3]
    ] as const) {
      const weight = parameter([0.8])
      const stepper = createOptimizer({ optimizer, weightDecay, momentum: 0.9 }, [weight])
      for (const gradient of gradients) stepper.step([Float32Array.of(gradient)], 0.02)
      expect(weight.values[0]).toBeCloseTo(reference(0.8, gradients, 0.02, expectedDecay), 5)
    }
  })

  it('decays kernels and leaves biases', () => {
    for (const optimizer of ['adamw', 'sgd'] as const) {
      const [kernel, bias] = [parameter([2]), parameter([2], false)]
      createOptimizer({ optimizer, weightDecay: 0.5, momentum: 0.9 }, [kernel, bias]).step(
        [Float32Array.of(0), Float32Array.of(0)],
        0.1
      )
      expect(kernel.values[0]).toBeCloseTo(2 * (1 - 0.1 * 0.5), 6)
      expect(bias.values[0]).toBe(2)
    }
  })

  it('sgd has Nesterov momentum', () => {
    const weight = parameter([1])
    const stepper = createOptimizer({ optimizer: 'sgd', weightDecay: 0, momentum: 0.9 }, [weight])
    stepper.step([Float32Array.of(1)], 0.1)
    // v = 1, step = 1 + .9·1.
    expect(weight.values[0]).toBeCloseTo(1 - 0.19, 6)
    stepper.step([Float32Array.of(2)], 0.1)
    // v = .9 + 2 = 2.9, step = 2 + .9·2.9.
    expect(weight.values[0]).toBeCloseTo(0.81 - 0.461, 6)
  })

  it.each([0, 0.9])('rmsprop follows its formula with momentum %s', (momentum) => {
    const weight = parameter([0.8])
    const stepper = createOptimizer({ optimizer: 'rmsprop', weightDecay: 0.1, momentum }, [weight])
    for (const gradient of gradients) stepper.step([Float32Array.of(gradient)], 0.02)
    let [value, square, velocity] = [0.8, 0, 0]
    for (const g of gradients) {
      square = 0.9 * square + 0.1 * g * g
      velocity = momentum * velocity + (0.02 * g) / Math.sqrt(square + 1e-7)
      value = value * (1 - 0.02 * 0.1) - velocity
    }
    expect(weight.values[0]).toBeCloseTo(value, 5)
  })

  it.each(['adamw', 'sgd', 'rmsprop'] as const)('%s goes on from a saved state as if nothing had been', (optimizer) => {
    const config = { optimizer, weightDecay: 0.1, momentum: 0.9 }
    const whole = parameter([0.8, -0.3])
    const stepper = createOptimizer(config, [whole])
    const steps = gradients.map((g) => Float32Array.of(g, 2 * g))
    for (const gradient of steps.slice(0, 2)) stepper.step([gradient], 0.02)
    const half = parameter([...whole.values])
    const resumed = createOptimizer(config, [half])
    resumed.restore(structuredClone(stepper.state()))
    for (const gradient of steps.slice(2)) {
      stepper.step([gradient], 0.02)
      resumed.step([gradient], 0.02)
    }
    expect(half.values).toEqual(whole.values)
  })

  it('clips by the norm of all gradients together', () => {
    const [a, b] = [Float32Array.of(3, 0), Float32Array.of(4)]
    expect(clipByGlobalNorm([a, b], 10)).toBe(5)
    expect([...a, ...b]).toEqual([3, 0, 4])
    expect(clipByGlobalNorm([a, b], 0)).toBe(5)
    clipByGlobalNorm([a, b], 1)
    expect([...a, ...b]).toEqual([0.6, 0, 0.8].map((value) => expect.closeTo(value, 6)))
  })

  it('finds the minimum of a bowl', () => {
    for (const optimizer of ['adam', 'adamw', 'sgd'] as const) {
      const weight = parameter([3, -2])
      const stepper = createOptimizer({ optimizer, weightDecay: 0, momentum: 0.9 }, [weight])
      for (let step = 0; step < 800; step++) {
        stepper.step([Float32Array.of(weight.values[0]! - 1, 4 * (weight.values[1]! - 0.5))], 0.02)
      }
      expect(weight.values[0]).toBeCloseTo(1, 2)
      expect(weight.values[1]).toBeCloseTo(0.5, 2)
    }
  })
})
