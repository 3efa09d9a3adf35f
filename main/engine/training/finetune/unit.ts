/**
 * A network for training is a row of units: each one or several nodes of the graph that are computed, and differentiated,
 * together. The backward pass is written out by hand instead of left to TF.js's tape, because a tape keeps every
 * intermediate value and every gradient of a value until the pass has ended; here each goes as soon as its last reader has
 * had it, which halves the peak.
 */
import type { GraphNode } from '../../backbones/graph'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { Gradients } from './parameters'

export interface Unit {
  /** Name of the value it makes. */
  readonly output: string
  /** Names of the values it reads. */
  readonly inputs: readonly string[]
  /** Whether `backward` looks at the values it read. */
  readonly needsInputs: boolean
  /** Whether `backward` looks at the value it made. */
  readonly needsOutput: boolean
  /** @returns a new tensor. */
  forward(inputs: readonly Tensor[]): Tensor
  /**
   * @param dy gradient by the output; the unit does not dispose it.
   * @param wanted whether the gradients by the inputs are needed.
   * @returns new tensors, one for each input, or null where not wanted. Gradients by parameters are put into `gradients`.
   */
  backward(pass: BackwardPass): (Tensor | null)[]
  /** Lets go of what `forward` keeps for `backward`. */
  release(): void
}

export interface BackwardPass {
  dy: Tensor
  /** Only where `needsOutput`. */
  y: Tensor | undefined
  /** Only where `needsInputs`. */
  inputs: readonly (Tensor | undefined)[]
  wanted: boolean
  gradients: Gradients
}

/** Adds its inputs. */
export function addUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'add' }>): Unit {
  return {
    output: node.name,
    inputs: node.inputs,
    needsInputs: false,
    needsOutput: false,
    forward: ([first, ...others]) => {
      let sum = first!.clone()
      for (const other of others) {
        const next = ops.add(sum, other)
        sum.dispose()
        sum = next
      }
      return sum
    },
    backward: ({ dy, wanted }) => node.inputs.map(() => (wanted ? dy.clone() : null)),
    release: () => undefined
  }
}

/** Mean over height and width: [images, height, width, channels] → [images, channels]. */
export function poolUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'globalAveragePool' }>, size: number[]): Unit {
  const [height, width, channels] = size as [number, number, number]
  return {
    output: node.name,
    inputs: [node.input],
    needsInputs: false,
    needsOutput: false,
    forward: ([x]) => ops.mean(x!, [1, 2]),
    backward: ({ dy, wanted }) => {
      if (!wanted) return [null]
      const images = dy.shape[0]!
      const share = ops.multiply(dy, ops.constant(1 / (height * width)))
      const column = ops.reshape(share, [images, 1, 1, channels])
      const spread = ops.broadcast(column, [images, height, width, channels])
      share.dispose()
      column.dispose()
      return [spread]
    },
    release: () => undefined
  }
}

/** Zeros around height and width. */
export function padUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'zeroPad' }>, size: number[]): Unit {
  const [height, width, channels] = size as [number, number, number]
  const { top, bottom, left, right } = node.padding
  return {
    output: node.name,
    inputs: [node.input],
    needsInputs: false,
    needsOutput: false,
    forward: ([x]) => ops.pad(x!, [top, bottom], [left, right]),
    backward: ({ dy, wanted }) => [
      wanted ? ops.slice(dy, [0, top, left, 0], [dy.shape[0]!, height, width, channels]) : null
    ],
    release: () => undefined
  }
}

/** A rectifier that no convolution could take in. */
export function rectifierUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'relu' }>, max: 6 | null): Unit {
  return {
    output: node.name,
    inputs: [node.input],
    needsInputs: false,
    needsOutput: true,
    forward: ([x]) => ops.rectify(x!, max),
    backward: ({ dy, y, wanted }) => [wanted ? ops.rectifyGradient(dy, y!, max) : null],
    release: () => undefined
  }
}

/** Hands its input on: dropout inside a backbone, which is left out while its statistics stay frozen. */
export function identityUnit(node: Extract<GraphNode, { op: 'dropout' }>): Unit {
  return {
    output: node.name,
    inputs: [node.input],
    needsInputs: false,
    needsOutput: false,
    forward: ([x]) => x!.clone(),
    backward: ({ dy, wanted }) => [wanted ? dy.clone() : null],
    release: () => undefined
  }
}
