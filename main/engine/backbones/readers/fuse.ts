/** Functions that files spell out in several operations, put together again; a convolution takes in what only scales or shifts it. */
import type { GraphNode, WeightTensor } from '../graph'
import type { GraphDraft } from './draft'

/** relu6(x + 3) / 6 as `hardSigmoid`, any other rescaling as it is. */
export function pushAffine(draft: GraphDraft, name: string, input: string, scale: number[], offset: number[]): string {
  const x = near(scale, 1 / 6) && near(offset, 0) ? shiftedRelu6(draft, input) : null
  if (x !== null) return draft.push({ name, op: 'activation', kind: 'hardSigmoid', input: x })
  return draft.push({ name, op: 'affine', input, scale, offset })
}

/** x · sigmoid(x) as `swish`, x · hardSigmoid(x) as `hardSwish`, any other product as it is. */
export function pushMultiply(draft: GraphDraft, name: string, inputs: string[]): string {
  const [left, right] = inputs
  if (inputs.length !== 2 || left === undefined || right === undefined)
    return draft.push({ name, op: 'multiply', inputs })
  const gated = gatedBy(draft, left, right) ?? gatedBy(draft, right, left)
  return draft.push(gated ? { name, op: 'activation', ...gated } : { name, op: 'multiply', inputs })
}

function gatedBy(draft: GraphDraft, x: string, gate: string): { kind: 'swish' | 'hardSwish'; input: string } | null {
  const node = draft.node(gate)
  if (node.op === 'activation' && node.input === x) {
    if (node.kind === 'sigmoid') return { kind: 'swish', input: x }
    if (node.kind === 'hardSigmoid') return { kind: 'hardSwish', input: x }
  }
  // An optimiser may move the sixth to the other factor: (x / 6) · relu6(x + 3).
  const sixth = draft.node(x)
  const divided = sixth.op === 'affine' && near(sixth.scale, 1 / 6) && near(sixth.offset, 0) ? sixth.input : null
  return divided !== null && shiftedRelu6(draft, gate) === divided ? { kind: 'hardSwish', input: divided } : null
}

/** The x of relu6(x + 3), or null. */
function shiftedRelu6(draft: GraphDraft, name: string): string | null {
  const clipped = draft.node(name)
  if (clipped.op !== 'relu' || clipped.max !== 6) return null
  const shifted = draft.node(clipped.input)
  return shifted.op === 'affine' && near(shifted.scale, 1) && near(shifted.offset, 3) ? shifted.input : null
}

type Linear = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' | 'dense' }>

const isLinear = (node: GraphNode): node is Linear =>
  node.op === 'conv2d' || node.op === 'depthwiseConv2d' || node.op === 'dense'

/**
 * The convolution before, times and plus a number for each channel: so that the result can be trained.
 * @param scale, offset of length 1 or of the count of channels.
 * @returns null when what is before is no convolution.
 */
export function absorb(
  draft: GraphDraft,
  name: string,
  input: string,
  scale: number[],
  offset: number[]
): string | null {
  const node = draft.node(input)
  if (!isLinear(node)) return null
  const channels = draft.shape(input).at(-1)!
  if (![1, channels].includes(scale.length) || ![1, channels].includes(offset.length)) return null
  const at = (values: ArrayLike<number>, c: number): number => values[values.length === 1 ? 0 : c]!
  const kernel = draft.weights.get(node.kernel)!
  const bias = node.bias === null ? null : draft.weights.get(node.bias)!
  // In every kernel the output channels lie innermost.
  const scaled: WeightTensor = {
    shape: kernel.shape,
    data: kernel.data.map((value, index) => value * at(scale, index % channels))
  }
  const shifted = Float32Array.from(
    { length: channels },
    (_, c) => (bias ? bias.data[c]! : 0) * at(scale, c) + at(offset, c)
  )
  const unscaled = scale.every((value) => value === 1)
  return draft.push({
    ...node,
    name,
    kernel: unscaled ? node.kernel : draft.keep(`${name}/kernel`, scaled),
    bias:
      !bias && offset.every((value) => value === 0)
        ? null
        : draft.keep(`${name}/bias`, { shape: [channels], data: shifted })
  })
}

const near = (values: readonly number[], wanted: number): boolean =>
  values.every((value) => Math.abs(value - wanted) < 1e-6)
