/** Elementwise functions and their slopes, on TensorFlow's gradient kernels where it has one. */
import type { ActivationKind, GraphNode } from '../../../backbones/graph'
import type { NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import { mapUnit, type Unit } from './unit'

/** A rectifier that no convolution could take in; any bound is Relu6's on another scale. */
export function rectifierUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'relu' }>): Unit {
  return { ...rectifier(ops, node), rectifies: true }
}

function rectifier(ops: NativeOps, node: Extract<GraphNode, { op: 'relu' }>): Unit {
  const { max } = node
  if (max === null || max === 6) {
    return mapUnit(
      ops,
      node,
      { output: true },
      (x) => ops.rectify(x, max),
      (dy, y) => ops.rectifyGradient(dy, y, max)
    )
  }
  const [shrink, stretch] = [ops.constant(6 / max), ops.constant(max / 6)]
  return mapUnit(
    ops,
    node,
    { output: true },
    (x) => ops.multiply(ops.rectify(ops.multiply(x, shrink), 6), stretch),
    (dy, y) => ops.rectifyGradient(dy, ops.multiply(y, shrink), 6)
  )
}

interface Activation {
  keeps: 'input' | 'output'
  forward(x: Tensor): Tensor
  /** @param kept the input or the output, as `keeps` says. */
  backward(dy: Tensor, kept: Tensor): Tensor
}

export function activationUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'activation' }>): Unit {
  const { keeps, forward, backward } = ACTIVATIONS[node.kind](ops, node.alpha)
  return mapUnit(ops, node, { [keeps]: true }, forward, backward)
}

/** Keras' own alpha where a node names none. */
const ACTIVATIONS: Record<ActivationKind, (ops: NativeOps, alpha: number | undefined) => Activation> = {
  sigmoid: (ops) => ({
    keeps: 'output',
    forward: (x) => ops.unary('Sigmoid', x),
    backward: (dy, y) => ops.binary('SigmoidGrad', y, dy)
  }),
  tanh: (ops) => ({
    keeps: 'output',
    forward: (x) => ops.unary('Tanh', x),
    backward: (dy, y) => ops.binary('TanhGrad', y, dy)
  }),
  /** dy · (σ + xσ(1 − σ)), whose second part is what SigmoidGrad gives for x · dy. */
  swish: (ops) => ({
    keeps: 'input',
    forward: (x) => ops.multiply(x, ops.unary('Sigmoid', x)),
    backward: (dy, x) => {
      const gate = ops.unary('Sigmoid', x)
      return ops.add(ops.multiply(dy, gate), ops.binary('SigmoidGrad', gate, ops.multiply(x, dy)))
    }
  }),
  hardSigmoid: (ops) => ({
    keeps: 'output',
    forward: (x) => hardSigmoid(ops, x),
    backward: (dy, y) => ops.rectifyGradient(ops.multiply(dy, ops.constant(1 / 6)), ops.multiply(y, ops.constant(6)), 6)
  }),
  hardSwish: (ops) => ({
    keeps: 'input',
    forward: (x) => ops.multiply(x, hardSigmoid(ops, x)),
    backward: (dy, x) => {
      const shifted = ops.add(x, ops.constant(3))
      const sixth = ops.multiply(dy, ops.constant(1 / 6))
      const throughGate = ops.rectifyGradient(ops.multiply(sixth, x), shifted, 6)
      return ops.add(ops.multiply(sixth, ops.rectify(shifted, 6)), throughGate)
    }
  }),
  /** Φ(x) = (1 + erf(x/√2))/2; the slope is Φ(x) + x · φ(x). */
  gelu: (ops) => ({
    keeps: 'input',
    forward: (x) => ops.multiply(x, normalCdf(ops, x)),
    backward: (dy, x) => {
      const density = ops.unary('Exp', ops.multiply(ops.multiply(x, x), ops.constant(-0.5)))
      const slope = ops.multiply(ops.multiply(x, density), ops.constant(1 / Math.sqrt(2 * Math.PI)))
      return ops.multiply(dy, ops.add(normalCdf(ops, x), slope))
    }
  }),
  softmax: (ops) => ({
    keeps: 'output',
    forward: (x) => ops.unary('Softmax', x),
    backward: (dy, y) => {
      const weighted = ops.multiply(dy, y)
      return ops.subtract(weighted, ops.multiply(y, ops.sum(weighted, [y.rank - 1], true)))
    }
  }),
  leakyRelu: (ops, alpha = 0.3) => {
    const attributes = [ops.typeAttribute('T'), ops.numberAttribute('alpha', alpha)]
    return {
      keeps: 'input',
      forward: (x) => ops.run('LeakyRelu', attributes, [x]),
      backward: (dy, x) => ops.run('LeakyReluGrad', attributes, [dy, x])
    }
  },
  /** TensorFlow's has alpha 1; any other is a mean of it and the rectifier, which differ below zero only. */
  elu: (ops, alpha = 1) => {
    const mix = (curved: Tensor, straight: Tensor): Tensor =>
      ops.add(ops.multiply(curved, ops.constant(alpha)), ops.multiply(straight, ops.constant(1 - alpha)))
    return {
      keeps: 'input',
      forward: (x) => mix(ops.unary('Elu', x), ops.rectify(x, null)),
      backward: (dy, x) => mix(ops.binary('EluGrad', dy, ops.unary('Elu', x)), ops.rectifyGradient(dy, x, null))
    }
  }
}

const hardSigmoid = (ops: NativeOps, x: Tensor): Tensor =>
  ops.multiply(ops.rectify(ops.add(x, ops.constant(3)), 6), ops.constant(1 / 6))

function normalCdf(ops: NativeOps, x: Tensor): Tensor {
  const half = ops.constant(0.5)
  const erf = ops.unary('Erf', ops.multiply(x, ops.constant(Math.SQRT1_2)))
  return ops.add(ops.multiply(erf, half), half)
}
