/** One node of a graph by TF.js' public operations. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { ActivationKind, GraphNode } from '../backbones/graph'
import { padAmounts, type ValueShape } from '../backbones/shapes'
import type { TensorFlow } from '../runtime/load'

/** @param from shape of the first input, without the batch. */
export function applyNode(
  tf: TensorFlow,
  node: Exclude<GraphNode, { op: 'input' }>,
  inputs: Tensor[],
  from: ValueShape,
  weights: ReadonlyMap<string, Tensor>
): Tensor {
  const x = inputs[0]!
  const weight = (key: string | null): Tensor | undefined => (key === null ? undefined : weights.get(key)!)
  const biased = (value: Tensor, key: string | null): Tensor => (key === null ? value : value.add(weights.get(key)!))
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return biased(convolve(tf, node, x as Tensor4D, weights.get(node.kernel) as Tensor4D, from), node.bias)
    case 'batchNorm': {
      const [mean, variance] = [weights.get(node.mean)!, weights.get(node.variance)!]
      const [offset, scale] = [weight(node.beta), weight(node.gamma)]
      return tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never, node.epsilon)
    }
    case 'layerNorm': {
      const { mean, variance } = tf.moments(x, -1, true)
      const normalised = x.sub(mean).mul(variance.add(node.epsilon).rsqrt())
      const scaled = node.gamma === null ? normalised : normalised.mul(weights.get(node.gamma)!)
      return biased(scaled, node.beta)
    }
    case 'scale':
      return x.mul(weights.get(node.gamma)!)
    case 'affine':
      return x.mul(tf.tensor1d(node.scale)).add(tf.tensor1d(node.offset))
    case 'relu':
      return node.max === null ? x.relu() : node.max === 6 ? tf.relu6(x) : x.clipByValue(0, node.max)
    case 'activation':
      return ACTIVATIONS[node.kind](tf, x, node.alpha)
    case 'add':
      return tf.addN(inputs)
    case 'multiply':
      return inputs.slice(1).reduce((product, other) => product.mul(other), x.clone())
    case 'concat':
      return tf.concat(inputs, -1)
    case 'zeroPad': {
      const { top, bottom, left, right } = node.padding
      return pad(x as Tensor4D, top, bottom, left, right)
    }
    case 'globalAveragePool':
      return x.mean([1, 2], node.keepDims)
    case 'maxPool':
    case 'averagePool':
      return pool(tf, node, x as Tensor4D)
    case 'flatten':
      return x.reshape([x.shape[0]!, -1])
    case 'dropout':
      return x.clone()
    case 'dense':
      return biased(tf.matMul(x as Tensor2D, weights.get(node.kernel) as Tensor2D), node.bias)
  }
}

const ACTIVATIONS: Record<ActivationKind, (tf: TensorFlow, x: Tensor, alpha: number | undefined) => Tensor> = {
  swish: (_, x) => x.mul(x.sigmoid()),
  hardSwish: (tf, x) => x.mul(hardSigmoid(tf, x)),
  hardSigmoid,
  sigmoid: (_, x) => x.sigmoid(),
  tanh: (_, x) => x.tanh(),
  gelu: (_, x) => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5)),
  softmax: (_, x) => x.softmax(-1),
  leakyRelu: (tf, x, alpha = 0.3) => tf.leakyRelu(x, alpha),
  elu: (_, x, alpha = 1) =>
    x
      .elu()
      .mul(alpha)
      .add(x.relu().mul(1 - alpha))
}

function hardSigmoid(tf: TensorFlow, x: Tensor): Tensor {
  return tf.relu6(x.add(3)).div(6)
}

/** Explicit padding never wins a maximum, and is taken out of an average by the share of the window that is picture. */
function pool(tf: TensorFlow, node: Extract<GraphNode, { op: 'maxPool' | 'averagePool' }>, x: Tensor4D): Tensor {
  const { padding, size, strides } = node
  const over = node.op === 'maxPool' ? tf.maxPool : tf.avgPool
  if (typeof padding === 'string') return over(x, size, strides, padding)
  const { top, bottom, left, right } = padding
  const framed = (map: Tensor4D, value: number): Tensor4D => pad(map, top, bottom, left, right, value)
  if (node.op === 'maxPool') return over(framed(x, -3.4e38), size, strides, 'valid')
  const share = over(framed(tf.ones([1, x.shape[1], x.shape[2], 1]), 0), size, strides, 'valid')
  return over(framed(x, 0), size, strides, 'valid').div(share)
}

function convolve(
  tf: TensorFlow,
  node: Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>,
  x: Tensor4D,
  kernel: Tensor4D,
  [height, width]: ValueShape
): Tensor4D {
  let padding = node.padding
  let padded = x
  if (typeof padding !== 'string') {
    const window = { ...node, kernel: [kernel.shape[0], kernel.shape[1]] as [number, number] }
    const { top, bottom, left, right } = padAmounts(height, width!, window)
    padded = pad(x, top, bottom, left, right)
    padding = 'valid'
  }
  const convolution = node.op === 'conv2d' ? tf.conv2d : tf.depthwiseConv2d
  return convolution(padded, kernel, node.strides, padding, 'NHWC', node.dilations)
}

const pad = (x: Tensor4D, top: number, bottom: number, left: number, right: number, value = 0): Tensor4D =>
  x.pad(
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0]
    ],
    value
  )
