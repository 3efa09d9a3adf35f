/** The learnable tensors of a network, as variables on TensorFlow's side. */
import { StudioError } from '@shared/errors'
import type { WeightTensor } from '../../backbones/graph'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import { NativeVariable } from '../../executors/tensorflow-kernels/variables'

export interface Parameter {
  /** Key in `NetworkGraph.weights`, or `head/kernel`, `head/bias`. */
  key: string
  variable: NativeVariable
  /** Whether weight decay applies: kernels yes; biases and the γ and β of batch-norm no. */
  decays: boolean
  /** Of the learning rate: its share of the schedule's. */
  rate: number
}

export class ParameterStore {
  readonly #ops: NativeOps
  readonly #weights: ReadonlyMap<string, WeightTensor>
  readonly #parameters = new Map<string, Parameter>()
  readonly #statistics = new Map<string, NativeVariable>()
  readonly #constants: Tensor[] = []

  readonly #rateOf: (key: string) => number

  /** @param rateOf share of the learning rate that the parameter of a key learns at; the head's keys are not asked. */
  constructor(ops: NativeOps, weights: ReadonlyMap<string, WeightTensor>, rateOf: (key: string) => number = () => 1) {
    this.#rateOf = rateOf
    this.#ops = ops
    this.#weights = weights
  }

  get all(): readonly Parameter[] {
    return [...this.#parameters.values()]
  }

  /** The parameter of that key, made from the network's weights the first time. */
  learnable(key: string, decays: boolean): Parameter {
    const known = this.#parameters.get(key)
    if (known) return known
    const { shape, data } = this.weight(key)
    return this.add(key, shape, data, decays, this.#rateOf(key))
  }

  add(key: string, shape: readonly number[], values: Float32Array, decays: boolean, rate = 1): Parameter {
    const parameter = { key, variable: new NativeVariable(this.#ops, shape, values), decays, rate }
    this.#parameters.set(key, parameter)
    return parameter
  }

  /** The moving statistic of that key: kept and given back with the parameters, but moved by batches, not by gradients. */
  statistic(key: string): NativeVariable {
    const known = this.#statistics.get(key)
    if (known) return known
    const { shape, data } = this.weight(key)
    const variable = new NativeVariable(this.#ops, shape, data)
    this.#statistics.set(key, variable)
    return variable
  }

  /** A vector that stays as it is for the life of the store. */
  constant(values: Float32Array | readonly number[]): Tensor {
    const tensor = this.#ops.tf.keep(this.#ops.tf.tensor1d(Float32Array.from(values), 'float32'))
    this.#constants.push(tensor)
    return tensor
  }

  weight(key: string): WeightTensor {
    const weight = this.#weights.get(key)
    if (!weight) throw new StudioError('backbone/corrupt', `The network's weight '${key}' is missing.`, { key })
    return weight
  }

  /** Every variable, moving statistics included, by its key. */
  get variables(): ReadonlyMap<string, NativeVariable> {
    return new Map([...this.all.map(({ key, variable }) => [key, variable] as const), ...this.#statistics])
  }

  /** A copy of every parameter and moving statistic. */
  snapshot(): Map<string, Float32Array> {
    return new Map([...this.variables].map(([key, variable]) => [key, variable.toArray()]))
  }

  /** Puts values back that `snapshot` gave. */
  restore(values: ReadonlyMap<string, Float32Array>): void {
    for (const [key, variable] of this.variables) variable.assign(values.get(key)!)
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose()
    for (const tensor of this.#constants) tensor.dispose()
  }
}

/** Gradients of one step by parameter key. */
export type Gradients = Map<string, Tensor>
