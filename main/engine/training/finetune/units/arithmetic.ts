/** Units that put values together without learning anything, or by one number a channel. */
import type { GraphNode } from '../../../backbones/graph'
import type { ValueShape } from '../../../backbones/shapes'
import type { NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import type { ParameterStore } from '../parameters'
import { mapUnit, type Unit } from './unit'

/** Adds its inputs. */
export function addUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'add' }>): Unit {
  return {
    output: node.name,
    inputs: node.inputs,
    learns: false,
    needsInputs: false,
    needsOutput: false,
    forward: ([first, ...others]) =>
      ops.tf.tidy(() => others.reduce((sum, other) => ops.add(sum, other), first!.clone())),
    backward: ({ dy, wanted }) => node.inputs.map(() => (wanted ? dy.clone() : null)),
    release: () => undefined
  }
}

/**
 * Multiplies its inputs; a side of 1 goes with any other, so a squeeze-and-excite gate's gradient is summed over the map.
 *
 * @param sizes of its inputs.
 */
export function multiplyUnit(
  ops: NativeOps,
  node: Extract<GraphNode, { op: 'multiply' }>,
  sizes: readonly ValueShape[]
): Unit {
  const product = (tensors: readonly Tensor[]): Tensor =>
    tensors.slice(1).reduce((a, b) => ops.multiply(a, b), tensors[0]!)
  return {
    output: node.name,
    inputs: node.inputs,
    learns: false,
    needsInputs: true,
    needsOutput: false,
    forward: (inputs) => ops.tf.tidy(() => product(inputs).clone()),
    backward: ({ dy, inputs, wanted }) =>
      inputs.map((_, place) => {
        if (!wanted) return null
        return ops.tf.tidy(() => {
          const others = inputs.filter((__, index) => index !== place) as Tensor[]
          return sumTo(ops, product([dy, ...others]), sizes[place]!).clone()
        })
      }),
    release: () => undefined
  }
}

/** Undoes broadcasting: sums over the axes that have size 1 in `shape`, the batch apart. */
function sumTo(ops: NativeOps, x: Tensor, shape: ValueShape): Tensor {
  const axes = shape.flatMap((side, axis) => (side === 1 && x.shape[axis + 1] !== 1 ? [axis + 1] : []))
  return axes.length === 0 ? x : ops.sum(x, axes, true)
}

/** Its inputs one after the other along the last axis. */
export function concatUnit(
  ops: NativeOps,
  node: Extract<GraphNode, { op: 'concat' }>,
  sizes: readonly ValueShape[]
): Unit {
  return {
    output: node.name,
    inputs: node.inputs,
    learns: false,
    needsInputs: false,
    needsOutput: false,
    forward: (inputs) => ops.concat(inputs, sizes[0]!.length),
    backward: ({ dy, wanted }) => {
      let first = 0
      return sizes.map((size) => {
        const begin = [...size.map(() => 0), first]
        first += size.at(-1)!
        return wanted ? ops.slice(dy, begin, [dy.shape[0]!, ...size]) : null
      })
    },
    release: () => undefined
  }
}

/** Hands its input on: dropout inside a backbone, which is left out as in prediction. */
export const identityUnit = (ops: NativeOps, node: Extract<GraphNode, { op: 'dropout' }>): Unit =>
  mapUnit(
    ops,
    node,
    {},
    (x) => x.clone(),
    (dy) => dy.clone()
  )

/** x · scale + offset by fixed numbers. */
export function affineUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'affine' }>, store: ParameterStore): Unit {
  const [scale, offset] = [store.constant(node.scale), store.constant(node.offset)]
  return mapUnit(
    ops,
    node,
    {},
    (x) => ops.add(ops.multiply(x, scale), offset),
    (dy) => ops.multiply(dy, scale)
  )
}

/** Every channel times its own learned number. */
export function scaleUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'scale' }>, store: ParameterStore): Unit {
  const gamma = store.learnable(node.gamma, false)
  const times = (x: Tensor): Tensor => ops.tf.tidy(() => ops.multiply(x, gamma.variable.read()))
  return {
    output: node.name,
    inputs: [node.input],
    learns: true,
    needsInputs: true,
    needsOutput: false,
    forward: ([x]) => times(x!),
    backward: ({ dy, inputs, wanted, gradients }) => {
      gradients.set(
        gamma.key,
        ops.tf.tidy(() => ops.biasGradient(ops.multiply(dy, inputs[0]!)))
      )
      return [wanted ? times(dy) : null]
    },
    release: () => undefined
  }
}

/** A dense layer on feature vectors. */
export function denseUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'dense' }>, store: ParameterStore): Unit {
  const kernel = store.learnable(node.kernel, true)
  const bias = node.bias === null ? null : store.learnable(node.bias, false)
  return {
    output: node.name,
    inputs: [node.input],
    learns: true,
    needsInputs: true,
    needsOutput: false,
    forward: ([x]) =>
      ops.tf.tidy(() => {
        const product = ops.matMul(x!, kernel.variable.read())
        return bias ? ops.biasAdd(product, bias.variable.read()) : product
      }),
    backward: ({ dy, inputs, wanted, gradients }) => {
      gradients.set(kernel.key, ops.matMul(inputs[0]!, dy, true))
      if (bias) gradients.set(bias.key, ops.biasGradient(dy))
      return [wanted ? ops.tf.tidy(() => ops.matMul(dy, kernel.variable.read(), false, true)) : null]
    },
    release: () => undefined
  }
}
