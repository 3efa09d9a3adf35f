/** What the doctor wants to know of a head's steps, measured rarely enough to cost nothing. */
import type { DeadUnits } from '../diagnosis/live/recent'
import type { HeadWeights, StepFigures } from './finetune-contract'
import { headParameters } from './head-sessions'

/** Steps from one probe to the next: a copy and two sums over the kernel, beside twenty updates of it. */
const EVERY = 20
/** Loss under which a gradient of exactly zero may be rounding. */
const ROUNDING = 1e-4
const HIDDEN_BIAS = 3

export class HeadProbe {
  private before: Float32Array | null = null
  private norms: number[] = []
  /** Hidden units that had a gradient, which only a unit that fires has. */
  private readonly fired: Uint8Array | null
  private looked = false

  constructor(private readonly head: HeadWeights) {
    this.fired = head.hidden ? new Uint8Array(head.hidden.bias.length) : null
  }

  /**
   * Before the update, and before any clipping.
   *
   * @param steps taken so far
   */
  begin(steps: number, gradients: readonly Float32Array[], loss: number): void {
    const { fired } = this
    if (fired && loss > ROUNDING) {
      this.looked = true
      const slope = gradients[HIDDEN_BIAS]!
      for (let unit = 0; unit < fired.length; unit++) if (slope[unit] !== 0) fired[unit] = 1
    }
    if (steps % EVERY !== 0) return
    this.before = this.head.kernel.slice()
    this.norms = gradients.map(norm)
  }

  /** After it. @returns null between the probes */
  end(): Required<Pick<StepFigures, 'gradientNorm' | 'probe'>> | null {
    const { before, norms } = this
    if (!before) return null
    this.before = null
    const [kernel, bias, hiddenKernel, hiddenBias] = norms
    const blocks = [{ name: 'head', norm: Math.hypot(kernel!, bias!) }]
    if (hiddenKernel !== undefined) blocks.unshift({ name: 'hidden', norm: Math.hypot(hiddenKernel, hiddenBias!) })
    return {
      gradientNorm: Math.hypot(...norms),
      probe: { updateRatio: ratio(before, headParameters(this.head)[0]!), blocks }
    }
  }

  /** Of the epoch that ends here; null where there is no hidden layer, or nothing was looked at. */
  closeEpoch(): DeadUnits | null {
    const { fired } = this
    if (!fired || !this.looked) return null
    const dead = fired.reduce((count, one) => count + (one === 0 ? 1 : 0), 0)
    const units = fired.length
    fired.fill(0)
    this.looked = false
    return { units, dead, worst: { layer: 'hidden', units, dead } }
  }
}

function norm(values: Float32Array): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index]! * values[index]!
  return Math.sqrt(sum)
}

/** ‖after − before‖ / ‖before‖; of weights that were all zero 1. */
function ratio(before: Float32Array, after: Float32Array): number {
  let [step, size] = [0, 0]
  for (let index = 0; index < before.length; index++) {
    const change = after[index]! - before[index]!
    step += change * change
    size += before[index]! * before[index]!
  }
  return size > 0 ? Math.sqrt(step / size) : 1
}
