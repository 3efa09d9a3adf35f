/** The network in float32, telling how large its values get: what the bounds of eight bits are made from. */
import type { NetworkGraph } from '../../graph'
import { foldedForOnnx, writeNetwork } from '../network-to-onnx'
import { quantizedValues } from './ranges'

export interface ObservedNetwork {
  bytes: Uint8Array
  values: ObservedValue[]
}

/** Names of outputs: of each picture the smallest and the largest number, [N], and the mean of each channel, [N, channels]. */
interface ObservedValue {
  node: string
  min: string
  max: string
  means: string
}

/** @throws StudioError backbone/corrupt when the graph does not fit together */
export function observedNetwork(network: NetworkGraph): ObservedNetwork {
  const graph = foldedForOnnx(network)
  const writer = writeNetwork(graph)
  const values = quantizedValues(graph).map((node): ObservedValue => {
    const value = writer.read(node, 'nchw')
    const observe = (op: string, axes: number[], shape: (number | string)[]): string => {
      const name = `${op}:${node}`
      writer.model.addNode(op, [value], [name], { axes: { ints: axes }, keepdims: { int: 0 } })
      writer.model.addOutput(name, shape)
      return name
    }
    return {
      node,
      min: observe('ReduceMin', [1, 2, 3], ['N']),
      max: observe('ReduceMax', [1, 2, 3], ['N']),
      means: observe('ReduceMean', [2, 3], ['N', writer.channelsOf(node)])
    }
  })
  return { bytes: writer.model.build(), values }
}
