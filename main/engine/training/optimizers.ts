/** Optimisers on plain arrays, whatever computed the gradients. */
import type { HeadConfig } from '@shared/domain/training-config'

export interface Parameter {
  values: Float32Array
  /** Whether weight decay applies: kernels yes, biases no. */
  decays: boolean
}

export interface Optimizer {
  /** Updates every parameter in place. @param gradients one a parameter, same lengths; not changed. */
  step(gradients: readonly Float32Array[], learningRate: number): void
}

const BETA_1 = 0.9
const BETA_2 = 0.999
const EPSILON = 1e-8
const MOMENTUM = 0.9

/**
 * `adam`: Kingma & Ba 2015, bias-corrected; it ignores `weightDecay`. `adamw`: the same with decoupled decay, θ ← θ − η·λ·θ
 * before the update (Loshchilov & Hutter 2019). `sgd`: Nesterov momentum as PyTorch writes it, v ← μv + g, θ ← θ − η(g + μv),
 * with the same decoupled decay.
 */
export function createOptimizer(
  config: Pick<HeadConfig, 'optimizer' | 'weightDecay'>,
  parameters: readonly Parameter[]
): Optimizer {
  const update = config.optimizer === 'sgd' ? nesterov(parameters) : adam(parameters)
  const decay = config.optimizer === 'adam' ? 0 : config.weightDecay
  return {
    step(gradients, learningRate) {
      if (decay > 0) shrink(parameters, 1 - learningRate * decay)
      update(gradients, learningRate)
    }
  }
}

type Update = Optimizer['step']

function shrink(parameters: readonly Parameter[], factor: number): void {
  for (const { values, decays } of parameters) {
    if (!decays) continue
    for (let index = 0; index < values.length; index++) values[index]! *= factor
  }
}

function adam(parameters: readonly Parameter[]): Update {
  const first = parameters.map(({ values }) => new Float32Array(values.length))
  const second = parameters.map(({ values }) => new Float32Array(values.length))
  let steps = 0
  return (gradients, learningRate) => {
    steps++
    const rate = learningRate / (1 - BETA_1 ** steps)
    const scale = 1 / Math.sqrt(1 - BETA_2 ** steps)
    parameters.forEach(({ values }, place) => {
      const gradient = gradients[place]!
      const m = first[place]!
      const v = second[place]!
      for (let index = 0; index < values.length; index++) {
        const g = gradient[index]!
        const mean = BETA_1 * m[index]! + (1 - BETA_1) * g
        const square = BETA_2 * v[index]! + (1 - BETA_2) * g * g
        m[index] = mean
        v[index] = square
        values[index]! -= (rate * mean) / (Math.sqrt(square) * scale + EPSILON)
      }
    })
  }
}

function nesterov(parameters: readonly Parameter[]): Update {
  const velocities = parameters.map(({ values }) => new Float32Array(values.length))
  return (gradients, learningRate) => {
    parameters.forEach(({ values }, place) => {
      const gradient = gradients[place]!
      const velocity = velocities[place]!
      for (let index = 0; index < values.length; index++) {
        const g = gradient[index]!
        const v = MOMENTUM * velocity[index]! + g
        velocity[index] = v
        values[index]! -= learningRate * (g + MOMENTUM * v)
      }
    })
  }
}
