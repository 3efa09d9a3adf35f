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

/** `kernel`, `bias`, `gamma` … are keys into `NetworkGraph.weights`. */
export type GraphNode = NodeBase &
  (
    | { op: 'input'; height: number; width: number; channels: number }
    | {
        op: 'conv2d'
        input: string
        kernel: string
        bias: string | null
        strides: [number, number]
        padding: Padding
        dilations: [number, number]
      }
    | {
        op: 'depthwiseConv2d'
        input: string
        kernel: string
        bias: string | null
        strides: [number, number]
        padding: Padding
        dilations: [number, number]
      }
    | {
        op: 'batchNorm'
        input: string
        gamma: string | null
        beta: string | null
        mean: string
        variance: string
        epsilon: number
      }
    | { op: 'relu'; input: string; max: number | null }
    | { op: 'add'; inputs: string[] }
    | { op: 'zeroPad'; input: string; padding: { top: number; bottom: number; left: number; right: number } }
    | { op: 'globalAveragePool'; input: string }
    | { op: 'dropout'; input: string; rate: number }
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
