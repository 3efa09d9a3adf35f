/** Optimisers on plain arrays, whatever computed the gradients. */
import type { HeadConfig } from '@shared/domain/training-config'

export interface Parameter {
  values: Float32Array
  /** Whether weight decay applies: kernels yes, biases no. */
  decays: boolean
}

export interface OptimizerState {
  steps: number
  /** One a parameter, in the order of the optimiser's own slots; the arrays it works on, not copies. */
  slots: Float32Array[][]
}

export interface Optimizer {
  /** Updates every parameter in place. @param gradients one a parameter, same lengths; not changed. */
  step(gradients: readonly Float32Array[], learningRate: number): void
  state(): OptimizerState
  /** Goes on from a state of the same optimiser on parameters of the same sizes; copies it. */
  restore(state: OptimizerState): void
}

export type OptimizerConfig = Pick<HeadConfig, 'optimizer' | 'weightDecay' | 'momentum'>

const BETA_1 = 0.9
const BETA_2 = 0.999
const EPSILON = 1e-8
/** Of RMSprop, as Keras has them. */
const RHO = 0.9
const RMS_EPSILON = 1e-7

/**
 * `adam`: Kingma & Ba 2015, bias-corrected; it ignores `weightDecay`. `adamw`: the same with decoupled decay, θ ← θ − η·λ·θ
 * before the update (Loshchilov & Hutter 2019). `sgd`: Nesterov momentum as PyTorch writes it, v ← μv + g, θ ← θ − η(g + μv).
 * `rmsprop`: Tieleman & Hinton 2012 as Keras writes it, s ← ρs + (1 − ρ)g², v ← μv + η·g/√(s + ε), θ ← θ − v. The last two have
 * the same decoupled decay.
 */
export function createOptimizer(config: OptimizerConfig, parameters: readonly Parameter[]): Optimizer {
  const rule = RULES[config.optimizer]
  const slots = parameters.map(({ values }) =>
    Array.from({ length: rule.slots }, () => new Float32Array(values.length))
  )
  const decay = config.optimizer === 'adam' ? 0 : config.weightDecay
  let steps = 0
  return {
    step(gradients, learningRate) {
      steps++
      parameters.forEach(({ values, decays }, place) => {
        if (decays && decay > 0) scale(values, 1 - learningRate * decay)
        const gradient = gradients[place]!
        rule.update({ values, gradient, slots: slots[place]!, steps, learningRate, momentum: config.momentum })
      })
    },
    state: () => ({ steps, slots }),
    restore(state) {
      steps = state.steps
      state.slots.forEach((saved, place) => saved.forEach((slot, index) => slots[place]![index]!.set(slot)))
    }
  }
}

interface Update {
  values: Float32Array
  gradient: Float32Array
  slots: readonly Float32Array[]
  /** Counted from 1. */
  steps: number
  learningRate: number
  momentum: number
}

interface Rule {
  slots: number
  update(update: Update): void
}

const ADAM: Rule = { slots: 2, update: adam }
const RULES: Record<HeadConfig['optimizer'], Rule> = {
  adam: ADAM,
  adamw: ADAM,
  sgd: { slots: 1, update: nesterov },
  rmsprop: { slots: 2, update: rmsprop }
}

function adam({ values, gradient, slots: [m, v], steps, learningRate }: Update): void {
  const rate = learningRate / (1 - BETA_1 ** steps)
  const correction = 1 / Math.sqrt(1 - BETA_2 ** steps)
  for (let index = 0; index < values.length; index++) {
    const g = gradient[index]!
    const mean = BETA_1 * m![index]! + (1 - BETA_1) * g
    const square = BETA_2 * v![index]! + (1 - BETA_2) * g * g
    m![index] = mean
    v![index] = square
    values[index]! -= (rate * mean) / (Math.sqrt(square) * correction + EPSILON)
  }
}

function nesterov({ values, gradient, slots: [velocity], learningRate, momentum }: Update): void {
  for (let index = 0; index < values.length; index++) {
    const g = gradient[index]!
    const v = momentum * velocity![index]! + g
    velocity![index] = v
    values[index]! -= learningRate * (g + momentum * v)
  }
}

function rmsprop({ values, gradient, slots: [square, velocity], learningRate, momentum }: Update): void {
  for (let index = 0; index < values.length; index++) {
    const g = gradient[index]!
    const s = RHO * square![index]! + (1 - RHO) * g * g
    const v = momentum * velocity![index]! + (learningRate * g) / Math.sqrt(s + RMS_EPSILON)
    square![index] = s
    velocity![index] = v
    values[index]! -= v
  }
}

/**
 * Scales all gradients by one factor when their common norm exceeds `limit` (Pascanu, Mikolov & Bengio 2013), in place.
 *
 * @param limit 0: no clipping
 * @returns the norm before
 */
export function clipByGlobalNorm(gradients: readonly Float32Array[], limit: number): number {
  let sum = 0
  for (const gradient of gradients) for (let index = 0; index < gradient.length; index++) sum += gradient[index]! ** 2
  const norm = Math.sqrt(sum)
  if (limit > 0 && norm > limit) for (const gradient of gradients) scale(gradient, limit / norm)
  return norm
}

function scale(values: Float32Array, factor: number): void {
  for (let index = 0; index < values.length; index++) values[index]! *= factor
}
