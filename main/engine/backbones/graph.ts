/**
 * The network as data: what the readers of foreign formats produce, and what the executors, the ONNX writer and the trainable
 * form are made from. Layout is NHWC, kernels are [height, width, in, out] (depthwise: [height, width, channels, multiplier]),
 * as TensorFlow stores them.
 */

export interface WeightTensor {
  shape: number[]
  data: Float32Array
}

export type Padding = 'same' | 'valid' | { top: number; bottom: number; left: number; right: number }

interface NodeBase {
  /** Unique; the layer's name in the file it came from. */
  name: string
}

interface ConvolutionSettings extends Window {
  input: string
  kernel: string
  bias: string | null
  dilations: [number, number]
}

interface Window {
  strides: [number, number]
  padding: Padding
}

/**
 * Elementwise functions of one value; `softmax` goes over the channels. `hardSigmoid` is relu6(x + 3) / 6, `hardSwish` x times
 * that (https://arxiv.org/abs/1905.02244), `swish` x · sigmoid(x), `gelu` x · Φ(x) with the exact error function
 * (https://arxiv.org/abs/1606.08415); `alpha` is the slope of `leakyRelu` and the scale of `elu` below zero.
 */
export type ActivationKind =
  'swish' | 'hardSwish' | 'hardSigmoid' | 'sigmoid' | 'tanh' | 'gelu' | 'softmax' | 'leakyRelu' | 'elu'

/** `kernel`, `bias`, `gamma` … are keys into `NetworkGraph.weights`. */
export type GraphNode = NodeBase &
  (
    | { op: 'input'; height: number; width: number; channels: number }
    | ({ op: 'conv2d' } & ConvolutionSettings)
    | ({ op: 'depthwiseConv2d' } & ConvolutionSettings)
    | {
        op: 'batchNorm'
        input: string
        gamma: string | null
        beta: string | null
        mean: string
        variance: string
        epsilon: number
      }
    /** Over the channels of each pixel: its own mean and variance, then gamma and beta of each channel. */
    | { op: 'layerNorm'; input: string; gamma: string | null; beta: string | null; epsilon: number }
    /** LayerScale: every channel times its own learned number. */
    | { op: 'scale'; input: string; gamma: string }
    /** x · scale + offset, fixed: a number for each channel, or one for all. Rescaling and Normalization layers. */
    | { op: 'affine'; input: string; scale: number[]; offset: number[] }
    | { op: 'relu'; input: string; max: number | null }
    | { op: 'activation'; kind: ActivationKind; input: string; alpha?: number }
    | { op: 'add'; inputs: string[] }
    /** A side or a channel count of 1 goes with any other: [1, 1, channels] gates a whole map. */
    | { op: 'multiply'; inputs: string[] }
    /** Maps of the same height and width, one after the other along the channels; or feature vectors. */
    | { op: 'concat'; inputs: string[] }
    | { op: 'zeroPad'; input: string; padding: { top: number; bottom: number; left: number; right: number } }
    /** [channels], or [1, 1, channels] with `keepDims`. */
    | { op: 'globalAveragePool'; input: string; keepDims: boolean }
    /** Padding never wins a maximum, and is not counted in an average. */
    | ({ op: 'maxPool'; input: string; size: [number, number] } & Window)
    | ({ op: 'averagePool'; input: string; size: [number, number] } & Window)
    /** [height · width · channels], in that order. */
    | { op: 'flatten'; input: string }
    | { op: 'dropout'; input: string; rate: number }
    /** Of feature vectors. A dense layer over each pixel of a map is a convolution of 1 × 1. */
    | { op: 'dense'; input: string; kernel: string; bias: string | null }
  )

export interface NetworkGraph {
  name: string
  /** In topological order: a node comes after its inputs. */
  nodes: GraphNode[]
  /** Name of the node whose value is the network's output. */
  output: string
  weights: Map<string, WeightTensor>
}
