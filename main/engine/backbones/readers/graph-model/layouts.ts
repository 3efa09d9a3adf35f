/** Pools, borders, and operations that lay values out anew, with the arithmetic of shapes that leads to them. */
import type { WeightTensor } from '../../graph'
import { asMap } from '../as-map'
import { paddingOf, spatial } from './convolutions'
import { constant, flowing, integers, rankOf, type Handler, type Operation, type Value } from './values'

const pool =
  (op: 'maxPool' | 'averagePool'): Handler =>
  (operation) => {
    const { node, draft, name } = operation
    const [size, strides] = [spatial(node, 'ksize'), spatial(node, 'strides')]
    return { node: draft.push({ name, op, input: flowing(operation), size, strides, padding: paddingOf(node) }) }
  }

/** Over height and width. */
const reduce =
  (kind: 'mean' | 'max'): Handler =>
  (operation) => {
    const { node, draft, name } = operation
    const input = flowing(operation)
    const [height, width] = draft.shape(input)
    const axes = integers(operation, 1)
      .map((axis) => (axis < 0 ? axis + rankOf(operation, input) : axis))
      .sort((a, b) => a - b)
    if (axes.join() !== '1,2' || width === undefined) {
      throw node.unsupported(`it goes over the axes [${axes}], not over height and width`)
    }
    const keepDims = node.bool('keep_dims')
    if (kind === 'mean') return { node: draft.push({ name, op: 'globalAveragePool', input, keepDims }) }
    const size: [number, number] = [height, width]
    const own = keepDims ? name : draft.freeName(`${name}/map`)
    draft.push({ name: own, op: 'maxPool', input, size, strides: size, padding: 'valid' })
    return { node: keepDims ? own : draft.push({ name, op: 'flatten', input: own }) }
  }

const pad: Handler = (operation) => {
  const { node, draft, name } = operation
  const borders = integers(operation, 1)
  const [, , top, bottom, left, right] = borders as [number, number, number, number, number, number]
  const others = [borders[0], borders[1], borders[6], borders[7]]
  if (borders.length !== 8 || others.some((side) => side !== 0) || borders.some((side) => !(side >= 0))) {
    throw node.unsupported(`its borders are [${borders}]`)
  }
  if (operation.inputs[2] && constant(operation, 2).data.some((value) => value !== 0)) {
    throw node.unsupported('its border is not of zeros')
  }
  return { node: draft.push({ name, op: 'zeroPad', input: flowing(operation), padding: { top, bottom, left, right } }) }
}

/** @param wanted without the batch; −1 stands for what is left. */
function layOut(operation: Operation, input: string, wanted: readonly number[]): Value {
  const { node, draft, name } = operation
  const shape: readonly number[] = draft.shape(input)
  const size = (sides: readonly number[]): number => sides.reduce((product, side) => product * side, 1)
  const known = size(wanted.filter((side) => side !== -1))
  const target = wanted.map((side) => (side === -1 ? size(shape) / known : side))
  if (target.join() === shape.join()) return { node: input }
  if (size(target) === size(shape) && target.length === 1) return { node: draft.push({ name, op: 'flatten', input }) }
  if (size(target) === size(shape) && target.length === 3 && target[0] === 1 && target[1] === 1) {
    const map = asMap(draft, input, name)
    if (map !== null) return { node: map }
  }
  throw node.unsupported(`a reshaping of [${shape}] to [${wanted}] is not supported`)
}

const reshape: Handler = (operation) => {
  const [value] = operation.inputs
  if (value && 'constant' in value) return { constant: { shape: integers(operation, 1), data: value.constant.data } }
  const target = integers(operation, 1)
  const input = flowing(operation)
  // Either the batch is open, or it is written as 1 and another side is.
  return layOut(operation, input, target.slice(1))
}

const squeeze: Handler = (operation) => {
  const input = flowing(operation)
  const shape: readonly number[] = operation.draft.shape(input)
  const given = operation.node.ints('squeeze_dims').concat(operation.node.ints('axis'))
  const axes = given.map((axis) => (axis < 0 ? axis + rankOf(operation, input) : axis))
  const kept = shape.filter((side, index) => !(axes.length === 0 ? side === 1 : axes.includes(index + 1)))
  return layOut(operation, input, kept)
}

const expandDims: Handler = (operation) => {
  const input = flowing(operation)
  const rank = rankOf(operation, input)
  const [axis = 0] = integers(operation, 1)
  const sides: number[] = [...operation.draft.shape(input)]
  sides.splice((axis < 0 ? axis + rank + 1 : axis) - 1, 0, 1)
  // A vector becomes a map in two steps; the step between is no value of the graph, so it stays a vector.
  return sides.length === 3 ? layOut(operation, input, sides) : { node: input }
}

const concat: Handler = (operation) => {
  const { node, draft, name, inputs } = operation
  const values = inputs.slice(0, -1)
  if (values.every((value) => 'constant' in value)) return vector(values.flatMap(({ constant: { data } }) => [...data]))
  const names = values.map((_, index) => flowing(operation, index))
  const [axis] = integers(operation, inputs.length - 1)
  const rank = rankOf(operation, names[0]!)
  if (axis !== -1 && axis !== rank - 1) throw node.unsupported(`it joins along axis ${axis}, not along the channels`)
  return { node: draft.push({ name, op: 'concat', inputs: names }) }
}

const vector = (values: number[]): Value => ({ constant: { shape: [values.length], data: Float32Array.from(values) } })

/** The batch, which is open, is −1. */
const shapeOf: Handler = (operation) => vector([-1, ...operation.draft.shape(flowing(operation))])

/** Of a shape. */
const stridedSlice: Handler = (operation) => {
  const { node } = operation
  const { shape, data }: WeightTensor = constant(operation, 0)
  const [[begin = 0], [end = 0], [step = 1]] = [integers(operation, 1), integers(operation, 2), integers(operation, 3)]
  if (shape.length !== 1 || step !== 1) throw node.unsupported('it slices something other than a shape')
  if (node.int('shrink_axis_mask', 0) === 1) {
    const value = data.at(begin)
    if (value === undefined) throw node.unsupported('it reads past the end of a shape')
    return { constant: { shape: [], data: Float32Array.of(value) } }
  }
  const from = node.int('begin_mask', 0) === 1 ? 0 : begin
  return vector([...data.slice(from, node.int('end_mask', 0) === 1 ? undefined : end)])
}

const pack: Handler = (operation) =>
  vector(operation.inputs.flatMap((_, index) => [...constant(operation, index).data.slice(0, 1)]))

/** A product with the batch in it is as open as the batch. */
const product: Handler = (operation) => {
  const values = integers(operation, 0)
  const result = values.includes(-1) ? -1 : values.reduce((total, side) => total * side, 1)
  return { constant: { shape: [], data: Float32Array.of(result) } }
}

export const LAYOUTS: [string, Handler][] = [
  ['MaxPool', pool('maxPool')],
  ['AvgPool', pool('averagePool')],
  ['Mean', reduce('mean')],
  ['Max', reduce('max')],
  ['Pad', pad],
  ['PadV2', pad],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['ExpandDims', expandDims],
  ['ConcatV2', concat],
  ['Shape', shapeOf],
  ['StridedSlice', stridedSlice],
  ['Pack', pack],
  ['Prod', product]
]
