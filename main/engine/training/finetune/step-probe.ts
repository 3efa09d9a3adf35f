/** What the doctor wants to know of a fine-tune's steps, measured rarely enough to cost nothing. */
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { median } from '../../diagnosis/live/recent'
import type { StepFigures } from '../finetune-contract'
import { TrainableHead } from './trainable-head'
import type { Gradients, Parameter } from './parameters'

/** Steps from one probe to the next. */
const EVERY = 10
/** Kernels that are copied out before and after the step, and how large they may be. */
const KERNELS = 6
const LARGEST = 65_536
const HEAD = 'head'

export type Probed = NonNullable<StepFigures['probe']>

export class StepProbe {
  readonly #ops: NativeOps
  readonly #parameters: readonly Parameter[]
  readonly #blockOf: (key: string) => string
  readonly #kernels: readonly Parameter[]
  #before: Float32Array[] | null = null
  #blocks: Probed['blocks'] = []

  /** @param blockOf what the part of the network is called that a parameter of that key belongs to */
  constructor(ops: NativeOps, parameters: readonly Parameter[], blockOf: (key: string) => string) {
    this.#ops = ops
    this.#parameters = parameters
    this.#blockOf = (key) => (TrainableHead.owns(key) ? HEAD : blockOf(key))
    this.#kernels = chooseKernels(parameters)
  }

  /** Before the update. @param steps taken so far @param gradients stay the caller's */
  begin(steps: number, gradients: Gradients): void {
    if (steps % EVERY !== 0) return
    this.#blocks = this.#norms(gradients)
    this.#before = this.#kernels.map(({ variable }) => variable.toArray())
  }

  /** After it. @returns null between the probes */
  end(): Probed | null {
    const before = this.#before
    if (!before) return null
    this.#before = null
    const ratios = this.#kernels.map(({ variable }, place) => moved(before[place]!, variable.toArray()))
    return { updateRatio: median(ratios), blocks: this.#blocks }
  }

  #norms(gradients: Gradients): Probed['blocks'] {
    const { tf } = this.#ops
    const keys = this.#parameters.map(({ key }) => key).filter((key) => gradients.has(key))
    const halves = tf.tidy(() => tf.stack(keys.map((key) => this.#ops.halfSquaredNorm(gradients.get(key)!)) as never))
    const squares = halves.dataSync<'float32'>()
    halves.dispose()
    const blocks = new Map<string, number>()
    keys.forEach((key, place) => {
      const block = this.#blockOf(key)
      blocks.set(block, (blocks.get(block) ?? 0) + 2 * squares[place]!)
    })
    return [...blocks].map(([name, square]) => ({ name, norm: Math.sqrt(square) }))
  }
}

/** Spread over the backbone, first to last; of one with large kernels only, the smallest. */
function chooseKernels(parameters: readonly Parameter[]): Parameter[] {
  const size = ({ variable }: Parameter): number => variable.shape.reduce((product, side) => product * side, 1)
  const own = parameters.filter(({ key, decays }) => decays && !TrainableHead.owns(key))
  const all = own.length > 0 ? own : parameters.filter(({ decays }) => decays)
  const small = all.filter((parameter) => size(parameter) <= LARGEST)
  if (small.length === 0) return [...all].sort((a, b) => size(a) - size(b)).slice(0, 1)
  const count = Math.min(KERNELS, small.length)
  return Array.from({ length: count }, (_, index) => small[Math.floor((index * small.length) / count)]!)
}

/** ‖after − before‖ / ‖before‖. */
function moved(before: Float32Array, after: Float32Array): number {
  let [step, size] = [0, 0]
  for (let index = 0; index < before.length; index++) {
    const change = after[index]! - before[index]!
    step += change * change
    size += before[index]! * before[index]!
  }
  return size > 0 ? Math.sqrt(step / size) : 1
}
