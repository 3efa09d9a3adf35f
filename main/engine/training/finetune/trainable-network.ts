/** The unfrozen end of a backbone with a dense softmax head, on TensorFlow. */
import type { NetworkGraph } from '../../backbones/graph'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { HeadWeights } from '../finetune-contract'
import { compileUnits, type CompileOptions } from './compile'
import type { FiredUnits } from './fired-units'
import { ParameterStore, type Gradients } from './parameters'
import { TrainableHead, type Targets } from './trainable-head'
import type { Unit } from './units/unit'

export interface NetworkOptions extends CompileOptions {
  /** Share of the learning rate by the key of a weight; left out: 1. */
  rateOf?: (key: string) => number
}

export interface LossAndGradients {
  /** Σ of the images' weighted losses, nats. */
  lossSum: number
  /** [images, classes], as training saw them. */
  logits: Float32Array
  /** By parameter key; the caller disposes them. */
  gradients: Gradients
}

export class TrainableNetwork {
  readonly parameters: ParameterStore
  readonly head: TrainableHead
  readonly #ops: NativeOps
  readonly #units: Unit[]
  readonly #input: string
  readonly #output: string
  /** Values that some unit's backward pass looks at. */
  readonly #kept: ReadonlySet<string>
  /** Values that a parameter lies before: only their gradients are of use. */
  readonly #learned: ReadonlySet<string>
  /** For each value, the index of the last unit that reads it. */
  readonly #lastReader: ReadonlyMap<string, number>
  readonly #operations: ReadonlyMap<string, string>
  /** Set for the passes in which it is looked at which units fire. */
  fired: FiredUnits | null = null

  constructor(ops: NativeOps, graph: NetworkGraph, head: HeadWeights, options: NetworkOptions = { momentum: null }) {
    this.#ops = ops
    this.parameters = new ParameterStore(ops, graph.weights, options.rateOf)
    this.#units = compileUnits(ops, graph, this.parameters, options)
    this.#input = graph.nodes.find((node) => node.op === 'input')!.name
    this.#output = graph.output
    this.#operations = new Map(graph.nodes.map(({ name, op }) => [name, op]))
    this.head = new TrainableHead(ops, this.parameters, head)
    this.#kept = new Set(
      this.#units.flatMap((unit) => [
        ...(unit.needsInputs ? unit.inputs : []),
        ...(unit.needsOutput ? [unit.output] : [])
      ])
    )
    const learned = new Set<string>()
    for (const unit of this.#units) {
      if (unit.learns || unit.inputs.some((name) => learned.has(name))) learned.add(unit.output)
    }
    this.#learned = learned
    this.#lastReader = new Map(this.#units.flatMap((unit, index) => unit.inputs.map((name) => [name, index] as const)))
  }

  /** @returns logits [images, classes] without dropout. `x` stays the caller's. */
  predict(x: Tensor): Float32Array {
    const values = this.#forward(x, false)
    const logits = this.head.logits(values.get(this.#output)!)
    for (const tensor of values.values()) tensor.dispose()
    return logits
  }

  /**
   * One pass as in prediction, each value shown as soon as it is there; ends early when `see` says so.
   *
   * @param x stays the caller's.
   * @param see is given the name of the value, the operation of the node that makes it, and the value, which it does not keep.
   *   Returns whether to go on.
   */
  trace(x: Tensor, see: (name: string, operation: string, value: Tensor) => boolean): void {
    const values = new Map<string, Tensor>([[this.#input, x.clone()]])
    for (const unit of this.#units) {
      const inputs = unit.inputs.map((name) => values.get(name)!)
      const value = unit.forward(inputs, false)
      unit.release()
      values.set(unit.output, value)
      if (!see(unit.output, this.#operations.get(unit.output)!, value)) break
    }
    for (const value of values.values()) value.dispose()
  }

  /**
   * One pass forward and back.
   *
   * @param x [images, height, width, channels]; stays the caller's.
   * @param images what the sum of the losses is divided by in the gradients: the batch's own count, or another's that it
   *   is a part of.
   */
  lossAndGradients(x: Tensor, targets: Targets, images: number): LossAndGradients {
    const values = this.#forward(x, true)
    const gradients: Gradients = new Map()
    const { lossSum, logits, slope } = this.head.lossAndSlope(values.get(this.#output)!, targets, images, gradients)
    this.#backward(values, slope, gradients)
    return { lossSum, logits, gradients }
  }

  dispose(): void {
    for (const unit of this.#units) unit.release()
    this.parameters.dispose()
  }

  /** @returns the values that are still needed: the output, and for training those that the way back looks at. */
  #forward(x: Tensor, training: boolean): Map<string, Tensor> {
    const values = new Map<string, Tensor>([[this.#input, x.clone()]])
    this.#units.forEach((unit, index) => {
      values.set(
        unit.output,
        unit.forward(
          unit.inputs.map((name) => values.get(name)!),
          training
        )
      )
      if (training && this.fired && unit.rectifies) this.fired.see(this.#ops, unit.output, values.get(unit.output)!)
      for (const name of new Set(unit.inputs)) {
        const isLast = this.#lastReader.get(name) === index
        if (isLast && name !== this.#output && !(training && this.#kept.has(name))) drop(values, name)
      }
      if (!training) unit.release()
    })
    return values
  }

  #backward(values: Map<string, Tensor>, dOutput: Tensor, gradients: Gradients): void {
    const slopes = new Map<string, Tensor>([[this.#output, dOutput]])
    for (const unit of [...this.#units].reverse()) {
      const dy = slopes.get(unit.output)
      if (!dy || !this.#learned.has(unit.output)) {
        unit.release()
        drop(slopes, unit.output)
        drop(values, unit.output)
        continue
      }
      const wanted = unit.inputs.some((name) => this.#learned.has(name))
      const dInputs = unit.backward({
        dy,
        y: values.get(unit.output),
        inputs: unit.inputs.map((name) => values.get(name)),
        wanted,
        gradients
      })
      drop(slopes, unit.output)
      drop(values, unit.output)
      unit.inputs.forEach((name, place) => this.#accumulate(slopes, name, dInputs[place]!))
    }
    drop(slopes, this.#input)
    drop(values, this.#input)
  }

  #accumulate(slopes: Map<string, Tensor>, name: string, slope: Tensor | null): void {
    if (!slope) return
    const known = slopes.get(name)
    if (!known) {
      slopes.set(name, slope)
      return
    }
    slopes.set(name, this.#ops.add(known, slope))
    known.dispose()
    slope.dispose()
  }
}

function drop(tensors: Map<string, Tensor>, name: string): void {
  tensors.get(name)?.dispose()
  tensors.delete(name)
}
