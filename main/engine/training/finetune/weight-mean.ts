/** The exponential moving average of the parameters, as variables beside them. */
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import { NativeVariable } from '../../executors/tensorflow-kernels/variables'
import { averageDecay } from '../weight-average'
import type { ParameterStore } from './parameters'

/** Moving statistics are left out: they are averages already. */
export class WeightMean {
  readonly variables: ReadonlyMap<string, NativeVariable>
  readonly #ops: NativeOps
  readonly #store: ParameterStore
  readonly #decay: number

  /** Begins at the parameters as they are. @param decay of `FineTuneConfig.ema`, above 0. */
  constructor(ops: NativeOps, store: ParameterStore, decay: number) {
    this.#ops = ops
    this.#store = store
    this.#decay = decay
    this.variables = new Map(
      store.all.map(({ key, variable }) => [key, new NativeVariable(ops, variable.shape, variable.toArray())])
    )
  }

  /** @param step counted from 1 */
  update(step: number): void {
    const share = this.#ops.tf.scalar(1 - averageDecay(this.#decay, step))
    for (const { key, variable } of this.#store.all) this.variables.get(key)!.approach(variable, share)
    share.dispose()
  }

  /** While `work` runs, the parameters are the average. */
  async inPlace<T>(work: () => Promise<T>): Promise<T> {
    const own = this.#store.snapshot()
    for (const { key, variable } of this.#store.all) variable.assign(this.variables.get(key)!.toArray())
    try {
      return await work()
    } finally {
      this.#store.restore(own)
    }
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose()
  }
}
