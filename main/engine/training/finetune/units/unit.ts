/**
 * A network for training is a row of units: each one or several nodes of the graph that are computed, and differentiated,
 * together. The backward pass is written out by hand instead of left to TF.js's tape, because a tape keeps every
 * intermediate value and every gradient of a value until the pass has ended; here each goes as soon as its last reader has
 * had it, which halves the peak.
 */
import type { NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import type { Gradients } from '../parameters'

export interface Unit {
  /** Name of the value it makes. */
  readonly output: string
  /** Names of the values it reads. */
  readonly inputs: readonly string[]
  /** Whether its last operation is a rectifier, whose units can die. */
  readonly rectifies?: boolean
  /** Whether it has parameters. */
  readonly learns: boolean
  /** Whether `backward` looks at the values it read. */
  readonly needsInputs: boolean
  /** Whether `backward` looks at the value it made. */
  readonly needsOutput: boolean
  /**
   * @param training whether a `backward` may follow, and batch statistics count; otherwise as in prediction.
   * @returns a new tensor.
   */
  forward(inputs: readonly Tensor[], training: boolean): Tensor
  /** @returns new tensors, one for each input, or null where not wanted. Gradients by parameters are put into `gradients`. */
  backward(pass: BackwardPass): (Tensor | null)[]
  /** Lets go of what `forward` keeps for `backward`. */
  release(): void
}

export interface BackwardPass {
  /** Gradient by the output; the unit does not dispose it. */
  dy: Tensor
  /** Only where `needsOutput`. */
  y: Tensor | undefined
  /** Only where `needsInputs`. */
  inputs: readonly (Tensor | undefined)[]
  /** Whether the gradients by the inputs are needed. */
  wanted: boolean
  gradients: Gradients
}

/** A unit of one input without parameters, whose intermediate values are cleaned up for it. */
export function mapUnit(
  { tf }: NativeOps,
  node: { name: string; input: string },
  keeps: { input?: boolean; output?: boolean },
  forward: (x: Tensor) => Tensor,
  /** `kept` is the input or the output, whichever `keeps` names; the input where it names both. */
  backward: (dy: Tensor, kept: Tensor) => Tensor
): Unit {
  return {
    output: node.name,
    inputs: [node.input],
    learns: false,
    needsInputs: keeps.input ?? false,
    needsOutput: keeps.output ?? false,
    forward: ([x]) => tf.tidy(() => forward(x!)),
    backward: ({ dy, y, inputs, wanted }) => [
      wanted ? tf.tidy(() => backward(dy, (keeps.input ? inputs[0] : y)!)) : null
    ],
    release: () => undefined
  }
}
