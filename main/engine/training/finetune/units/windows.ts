/** Units that look at windows of a map, or change its shape: pooling, borders, flattening. */
import type { GraphNode } from '../../../backbones/graph'
import type { ValueShape } from '../../../backbones/shapes'
import type { NativeOps, Tensor } from '../../../executors/tensorflow-kernels/native-ops'
import { mapUnit, type Unit } from './unit'

type Map3 = [height: number, width: number, channels: number]

/** Mean over height and width: [images, height, width, channels] → [images, channels], or [images, 1, 1, channels]. */
export function globalPoolUnit(
  ops: NativeOps,
  node: Extract<GraphNode, { op: 'globalAveragePool' }>,
  size: ValueShape
): Unit {
  const [height, width, channels] = size as Map3
  return mapUnit(
    ops,
    node,
    {},
    (x) => ops.mean(x, [1, 2], node.keepDims),
    (dy) => {
      const images = dy.shape[0]!
      const column = ops.reshape(ops.multiply(dy, ops.constant(1 / (height * width))), [images, 1, 1, channels])
      return ops.broadcast(column, [images, height, width, channels])
    }
  )
}

/** Zeros around height and width. */
export function padUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'zeroPad' }>, size: ValueShape): Unit {
  const { top, bottom, left, right } = node.padding
  return mapUnit(
    ops,
    node,
    {},
    (x) => ops.pad(x, [top, bottom], [left, right]),
    (dy) => ops.slice(dy, [0, top, left, 0], [dy.shape[0]!, ...size])
  )
}

export const flattenUnit = (ops: NativeOps, node: Extract<GraphNode, { op: 'flatten' }>, size: ValueShape): Unit =>
  mapUnit(
    ops,
    node,
    {},
    (x) => ops.reshape(x, [x.shape[0]!, size.reduce((product, side) => product * side, 1)]),
    (dy) => ops.reshape(dy, [dy.shape[0]!, ...size])
  )

/** Below every number that a float32 map holds in earnest: what lies in the border never wins. */
const LOWEST = -3.4e38

/** Its gradient's kernel needs the output as well as the input; the output is cheaper to compute again than to keep. */
export function maxPoolUnit(ops: NativeOps, node: Extract<GraphNode, { op: 'maxPool' }>, size: ValueShape): Unit {
  const border = borderOf(node)
  const attributes = windowAttributes(ops, node)
  const framed = (x: Tensor): Tensor =>
    border ? ops.pad(x, [border.top, border.bottom], [border.left, border.right], LOWEST) : x
  const pool = (x: Tensor): Tensor => ops.run('MaxPool', attributes, [x])
  return mapUnit(
    ops,
    node,
    { input: true },
    (x) => pool(framed(x)),
    (dy, x) => {
      const wide = framed(x)
      const slope = ops.run('MaxPoolGrad', attributes, [wide, pool(wide), dy])
      return border ? ops.slice(slope, [0, border.top, border.left, 0], [dy.shape[0]!, ...size]) : slope
    }
  )
}

/** TensorFlow leaves its own padding out of the average; explicit zeros are taken out by the share that is picture. */
export function averagePoolUnit(
  ops: NativeOps,
  node: Extract<GraphNode, { op: 'averagePool' }>,
  size: ValueShape
): Unit {
  const border = borderOf(node)
  const attributes = windowAttributes(ops, node)
  const average = (x: Tensor): Tensor => ops.run('AvgPool', attributes, [x])
  const averageGradient = (dy: Tensor, shape: readonly number[]): Tensor =>
    ops.run('AvgPoolGrad', attributes, [ops.integers(shape), dy])
  if (!border) {
    return mapUnit(ops, node, {}, average, (dy) => averageGradient(dy, [dy.shape[0]!, ...size]))
  }
  const { top, bottom, left, right } = border
  const [height, width, channels] = size as Map3
  const share = (): Tensor => average(ops.pad(ops.tf.ones([1, height, width, 1]), [top, bottom], [left, right]))
  return mapUnit(
    ops,
    node,
    {},
    (x) => ops.binary('RealDiv', average(ops.pad(x, [top, bottom], [left, right])), share()),
    (dy) => {
      const wide = [dy.shape[0]!, height + top + bottom, width + left + right, channels]
      return ops.slice(
        averageGradient(ops.binary('RealDiv', dy, share()), wide),
        [0, top, left, 0],
        [dy.shape[0]!, ...size]
      )
    }
  )
}

type PoolNode = Extract<GraphNode, { op: 'maxPool' | 'averagePool' }>

const borderOf = ({ padding }: PoolNode) => (typeof padding === 'string' ? null : padding)

const windowAttributes = (ops: NativeOps, { size, strides, padding }: PoolNode) => [
  ops.typeAttribute('T'),
  ops.integersAttribute('ksize', [1, ...size, 1]),
  ops.integersAttribute('strides', [1, ...strides, 1]),
  ops.textAttribute('padding', padding === 'same' ? 'SAME' : 'VALID'),
  ops.textAttribute('data_format', 'NHWC')
]
