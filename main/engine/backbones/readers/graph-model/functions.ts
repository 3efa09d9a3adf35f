/** Functions of one value, and arithmetic. */
import type { ActivationKind } from '../../graph'
import { asMap } from '../as-map'
import { absorb, pushAffine, pushMultiply } from '../fuse'
import { constant, flowing, perChannel, type Handler, type Operation, type Value } from './values'

const KINDS = new Map<string, ActivationKind>([
  ['Sigmoid', 'sigmoid'],
  ['Tanh', 'tanh'],
  ['Softmax', 'softmax'],
  // As TensorFlow's optimiser names what it puts together itself.
  ['_FusedHardSwish', 'hardSwish'],
  ['_FusedSwish', 'swish'],
  ['GeluExact', 'gelu']
])

/** @param called an op, or an entry of `fused_ops`. */
export function applyFunction({ node, draft }: Operation, called: string, name: string, input: string): string {
  if (called === 'Relu' || called === 'Relu6') {
    return draft.push({ name, op: 'relu', input, max: called === 'Relu6' ? 6 : null })
  }
  if (called === 'Elu') return draft.push({ name, op: 'activation', kind: 'elu', alpha: 1, input })
  if (called === 'LeakyRelu') {
    const alpha = node.float('alpha', node.float('leakyrelu_alpha', 0.2))
    return draft.push({ name, op: 'activation', kind: 'leakyRelu', alpha, input })
  }
  const kind = KINDS.get(called)
  if (!kind) throw node.unsupported(`the function ${called} is not supported`)
  return draft.push({ name, op: 'activation', kind, input })
}

const functionOf: Handler = (operation) => ({
  node: applyFunction(operation, operation.node.op, operation.name, flowing(operation))
})

type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide'

/** With a constant: a rescaling, taken into the convolution before it. */
const arithmetic =
  (kind: Arithmetic): Handler =>
  (operation) => {
    const [left, right] = operation.inputs
    if (!left || !right) throw operation.node.unsupported('it needs two inputs')
    if ('node' in left && 'node' in right) return { node: between(operation, kind, left.node, right.node) }
    if ('constant' in left && 'constant' in right) throw operation.node.unsupported('both its inputs are constants')
    return { node: withConstant(operation, kind, 'constant' in left ? 0 : 1) }
  }

function withConstant(operation: Operation, kind: Arithmetic, place: 0 | 1): string {
  const { node, draft, name } = operation
  const value = flowing(operation, place === 0 ? 1 : 0)
  const numbers = perChannel(operation, constant(operation, place), value)
  const negative = numbers.map((number) => -number)
  const [scale, offset] =
    kind === 'add'
      ? [[1], numbers]
      : kind === 'multiply'
        ? [numbers, [0]]
        : kind === 'subtract'
          ? place === 1
            ? [[1], negative]
            : [[-1], numbers]
          : [numbers.map((number) => 1 / number), [0]]
  if (kind === 'divide' && place === 0) throw node.unsupported('it divides by a value of the network')
  // A convolution that others read too would be computed twice.
  const alone = operation.readers(place === 0 ? 1 : 0) === 1
  return (alone ? absorb(draft, name, value, scale, offset) : null) ?? pushAffine(draft, name, value, scale, offset)
}

function between(operation: Operation, kind: Arithmetic, left: string, right: string): string {
  const { node, draft, name } = operation
  if (kind === 'add') return draft.push({ name, op: 'add', inputs: [left, right] })
  if (kind === 'multiply') {
    const maps = [left, right].some((value) => draft.shape(value).length === 3)
    const factors = [left, right].map((value) => {
      if (!maps || draft.shape(value).length === 3) return value
      const map = asMap(draft, value, draft.freeName(`${name}/gate`))
      if (map === null) throw node.unsupported('it multiplies a map by a vector')
      return map
    })
    return pushMultiply(draft, name, factors)
  }
  if (kind === 'divide') throw node.unsupported('it divides by a value of the network')
  const minus = draft.push({
    name: draft.freeName(`${name}/minus`),
    op: 'affine',
    input: right,
    scale: [-1],
    offset: [0]
  })
  return draft.push({ name, op: 'add', inputs: [left, minus] })
}

const addAll: Handler = (operation) => {
  const inputs = operation.inputs.map((_, index) => flowing(operation, index))
  return { node: operation.draft.push({ name: operation.name, op: 'add', inputs }) }
}

/** Against 0 from below, or from above what was cut at 0: relu and relu6 spelt out. */
const bound =
  (kind: 'Maximum' | 'Minimum'): Handler =>
  (operation) => {
    const { node, draft, name, inputs } = operation
    const place = inputs[0] && 'constant' in inputs[0] ? 0 : 1
    const input = flowing(operation, place === 0 ? 1 : 0)
    const { data } = constant(operation, place)
    const before = draft.node(input)
    const rectified = before.op === 'relu' && before.max === null
    if (kind === 'Maximum' && data.length === 1 && data[0] === 0) {
      return { node: draft.push({ name, op: 'relu', input, max: null }) }
    }
    if (kind === 'Minimum' && data.length === 1 && data[0]! > 0 && rectified) {
      return { node: draft.push({ name, op: 'relu', input: before.input, max: data[0]! }) }
    }
    throw node.unsupported('only a bound of 0 from below, then one from above, is supported')
  }

const same: Handler = ({ node, inputs: [value] }): Value => {
  if (!value) throw node.unsupported('it reads nothing')
  return value
}

export const FUNCTIONS: [string, Handler][] = [
  ...['Relu', 'Relu6', 'Elu', 'LeakyRelu', ...KINDS.keys()].map((op): [string, Handler] => [op, functionOf]),
  ...(['Add', 'AddV2', 'BiasAdd'] as const).map((op): [string, Handler] => [op, arithmetic('add')]),
  ['AddN', addAll],
  ['Sub', arithmetic('subtract')],
  ['Mul', arithmetic('multiply')],
  ['RealDiv', arithmetic('divide')],
  ['Div', arithmetic('divide')],
  ['Maximum', bound('Maximum')],
  ['Minimum', bound('Minimum')],
  ...['Identity', 'IdentityN', 'StopGradient', 'PreventGradient', 'CheckNumerics', 'Cast', 'Snapshot'].map(
    (op): [string, Handler] => [op, same]
  )
]
