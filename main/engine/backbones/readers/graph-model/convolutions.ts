/** Convolutions, matrix products and batch-norms, with what TensorFlow's optimiser has fused onto them. */
import type { Padding, WeightTensor } from '../../graph'
import { applyFunction } from './functions'
import type { GraphDefNode } from './node'
import { constant, flowing, perChannel, type Handler, type Operation } from './values'

interface Windows {
  strides: [number, number]
  dilations: [number, number]
  padding: Padding
}

/** @throws StudioError backbone/unsupported-layer, also for channels first */
export function spatial(node: GraphDefNode, key: string): [number, number] {
  const values = node.ints(key)
  if (values.length === 0) return [1, 1]
  const [batch, height, width, channels] = values
  if (values.length !== 4 || batch !== 1 || channels !== 1 || !(height! >= 1 && width! >= 1)) {
    throw node.unsupported(`its ${key} are [${values}]`)
  }
  return [height!, width!]
}

export function paddingOf(node: GraphDefNode): Padding {
  const format = node.text('data_format')
  if (format !== '' && format !== 'NHWC')
    throw node.unsupported(`its layout is ${format}; only NHWC (channels last) can be run`)
  const padding = node.text('padding')
  if (padding === 'SAME') return 'same'
  if (padding === 'VALID') return 'valid'
  const explicit = node.ints('explicit_paddings')
  if (padding !== 'EXPLICIT' || explicit.length !== 8 || explicit.some((side) => side < 0)) {
    throw node.unsupported(`its padding '${padding}' is not known`)
  }
  const [, , top, bottom, left, right] = explicit as [number, number, number, number, number, number]
  return { top, bottom, left, right }
}

const windowsOf = (node: GraphDefNode): Windows => ({
  strides: spatial(node, 'strides'),
  dilations: spatial(node, 'dilations'),
  padding: paddingOf(node)
})

/** The arguments of a fused operation begin after input and kernel. */
const ARGUMENTS = 2

/** Bias and activation, as `fused_ops` lists them. */
function withFused(operation: Operation, make: (name: string, bias: string | null) => string): string {
  const { node, draft, name } = operation
  const [first, ...rest] = node.texts('fused_ops')
  const biased = first === 'BiasAdd'
  const functions = biased ? rest : first === undefined ? [] : [first, ...rest]
  if (functions.length > 1) throw node.unsupported(`it is fused with ${functions.join(' and ')}`)
  const [activation] = functions
  const linear = activation === undefined ? name : draft.freeName(`${name}/linear`)
  // Made without its bias first: only then is it known how many channels a single number stands for.
  let result = make(linear, null)
  if (biased) {
    const values = perChannel(operation, constant(operation, ARGUMENTS), result)
    const channels = draft.shape(result).at(-1)!
    const data = Float32Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]!)
    const key = draft.keep(`${name}/bias`, { shape: [channels], data })
    result = make(linear, key)
  }
  return activation === undefined ? result : applyFunction(operation, activation, name, result)
}

const convolution =
  (op: 'conv2d' | 'depthwiseConv2d'): Handler =>
  (operation) => {
    const { node, draft, name } = operation
    const input = flowing(operation)
    const kernel = draft.keep(`${name}/${op === 'conv2d' ? 'kernel' : 'depthwise_kernel'}`, constant(operation, 1))
    const windows = windowsOf(node)
    return { node: withFused(operation, (own, bias) => draft.push({ name: own, op, input, kernel, bias, ...windows })) }
  }

const matMul: Handler = (operation) => {
  const { node, draft, name } = operation
  if (node.bool('transpose_a')) throw node.unsupported('its first factor is transposed')
  const weight = constant(operation, 1)
  const kernel = draft.keep(`${name}/kernel`, node.bool('transpose_b') ? transposed(operation, weight) : weight)
  const input = flowing(operation)
  return { node: withFused(operation, (own, bias) => draft.push({ name: own, op: 'dense', input, kernel, bias })) }
}

function transposed({ node }: Operation, { shape, data }: WeightTensor): WeightTensor {
  const [rows, columns, ...more] = shape
  if (rows === undefined || columns === undefined || more.length > 0) throw node.unsupported(`its kernel is [${shape}]`)
  const turned = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c]!
  return { shape: [columns, rows], data: turned }
}

const fusedBatchNorm: Handler = (operation) => {
  const { node, draft, name } = operation
  // TensorFlow's default is true: a model that was frozen says false.
  if (node.bool('is_training')) throw node.unsupported('it takes its statistics from the batch')
  paddingFree(node)
  const keep = (role: string, index: number): string => draft.keep(`${name}/${role}`, constant(operation, index))
  return {
    node: draft.push({
      name,
      op: 'batchNorm',
      input: flowing(operation),
      gamma: keep('gamma', 1),
      beta: keep('beta', 2),
      mean: keep('moving_mean', 3),
      variance: keep('moving_variance', 4),
      epsilon: node.float('epsilon', 1e-4)
    })
  }
}

function paddingFree(node: GraphDefNode): void {
  const format = node.text('data_format')
  if (format !== '' && format !== 'NHWC')
    throw node.unsupported(`its layout is ${format}; only NHWC (channels last) can be run`)
}

export const CONVOLUTIONS: [string, Handler][] = [
  ['Conv2D', convolution('conv2d')],
  ['_FusedConv2D', convolution('conv2d')],
  ['DepthwiseConv2dNative', convolution('depthwiseConv2d')],
  ['FusedDepthwiseConv2dNative', convolution('depthwiseConv2d')],
  ['MatMul', matMul],
  ['_FusedMatMul', matMul],
  ['FusedBatchNorm', fusedBatchNorm],
  ['FusedBatchNormV2', fusedBatchNorm],
  ['FusedBatchNormV3', fusedBatchNorm]
]
