/** The unfrozen end of a backbone with a dense softmax head, on TensorFlow. */
import type { NetworkGraph } from '../../backbones/graph'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { HeadWeights } from '../finetune-contract'
import { compileUnits, type CompileOptions } from './compile'
import { ParameterStore, type Gradients } from './parameters'
import type { Unit } from './units/unit'

const HEAD_KERNEL = 'head/kernel'
const HEAD_BIAS = 'head/bias'

export interface LossAndGradients {
  /** Mean over the batch, nats. */
  loss: number
  /** [images, classes], before dropout's effect is undone: as training saw them. */
  logits: Float32Array
  /** By parameter key; the caller disposes them. */
  gradients: Gradients
}

export class TrainableNetwork {
  readonly parameters: ParameterStore
  readonly classes: number
  /** Width of the pooled features. */
  readonly features: number
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

  constructor(ops: NativeOps, graph: NetworkGraph, head: HeadWeights, options: CompileOptions = { momentum: null }) {
    this.#ops = ops
    this.parameters = new ParameterStore(ops, graph.weights)
    this.#units = compileUnits(ops, graph, this.parameters, options)
    this.#input = graph.nodes.find((node) => node.op === 'input')!.name
    this.#output = graph.output
    this.classes = head.classes
    this.features = head.kernel.length / head.classes
    this.parameters.add(HEAD_KERNEL, [this.features, head.classes], head.kernel, true)
    this.parameters.add(HEAD_BIAS, [head.classes], head.bias, false)
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
    const features = values.get(this.#output)!
    const logits = this.#logits(features)
    const result = Float32Array.from(logits.dataSync<'float32'>())
    for (const tensor of [...values.values(), logits]) tensor.dispose()
    for (const unit of this.#units) unit.release()
    return result
  }

  /**
   * One pass forward and back.
   *
   * @param x [images, height, width, channels]; stays the caller's.
   * @param targets [images, classes], rows that sum to 1; stays the caller's.
   * @param mask [images, features], factors for the pooled features (0 or 1 / (1 − rate)); null without dropout.
   */
  lossAndGradients(x: Tensor, targets: Tensor, mask: Tensor | null): LossAndGradients {
    const ops = this.#ops
    const images = x.shape[0]!
    const values = this.#forward(x, true)
    const pooled = values.get(this.#output)!
    const features = mask ? ops.multiply(pooled, mask) : pooled.clone()
    const logits = this.#logits(features)
    const [losses, summed] = ops.softmaxCrossEntropy(logits, targets)
    const slope = ops.multiply(summed, ops.constant(1 / images))
    summed.dispose()

    const gradients: Gradients = new Map()
    gradients.set(HEAD_KERNEL, ops.matMul(features, slope, true))
    gradients.set(HEAD_BIAS, ops.biasGradient(slope))
    const kernel = this.#variable(HEAD_KERNEL).read()
    let dFeatures = ops.matMul(slope, kernel, false, true)
    if (mask) {
      const masked = ops.multiply(dFeatures, mask)
      dFeatures.dispose()
      dFeatures = masked
    }
    for (const tensor of [kernel, slope, features]) tensor.dispose()
    this.#backward(values, dFeatures, gradients)

    const rows = losses.dataSync<'float32'>()
    const loss = rows.reduce((sum, row) => sum + row, 0) / images
    const seen = Float32Array.from(logits.dataSync<'float32'>())
    losses.dispose()
    logits.dispose()
    return { loss, logits: seen, gradients }
  }

  /** The head as it stands in `snapshot`. */
  static headOf(snapshot: ReadonlyMap<string, Float32Array>, classes: number): HeadWeights {
    return { kernel: snapshot.get(HEAD_KERNEL)!, bias: snapshot.get(HEAD_BIAS)!, classes }
  }

  static isHead(key: string): boolean {
    return key === HEAD_KERNEL || key === HEAD_BIAS
  }

  dispose(): void {
    for (const unit of this.#units) unit.release()
    this.parameters.dispose()
  }

  #variable(key: string) {
    return this.parameters.all.find((parameter) => parameter.key === key)!.variable
  }

  #logits(features: Tensor): Tensor {
    const kernel = this.#variable(HEAD_KERNEL).read()
    const bias = this.#variable(HEAD_BIAS).read()
    const product = this.#ops.matMul(features, kernel)
    const logits = this.#ops.biasAdd(product, bias)
    for (const tensor of [kernel, bias, product]) tensor.dispose()
    return logits
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
