/** How large the values of a network get on pictures, told by ONNX Runtime. */
import type { InferenceSession } from 'onnxruntime-node'
import type { NetworkGraph } from '../backbones/graph'
import { ONNX_INPUT } from '../backbones/onnx/network-to-onnx'
import { observedNetwork } from '../backbones/onnx/quantized/observed'
import type { ValueRange, ValueRanges } from '../backbones/onnx/quantized/ranges'
import { normalize, type ValueContract } from '../data/normalize'
import type { OnnxRuntime } from './onnx-network'

/** Of the pictures, whose extremes the bounds hold: a single glaring one would make every step of the byte coarser. */
const HELD = 0.9

/**
 * @param side of the pictures, pixels
 * @param pictures RGB bytes, side × side × 3 each; at least one
 */
export async function observeRanges(
  runtime: OnnxRuntime,
  graph: NetworkGraph,
  { side, pictures, contract }: { side: number; pictures: readonly Uint8Array[]; contract: ValueContract },
  options: InferenceSession.SessionOptions
): Promise<ValueRanges> {
  const { bytes, values } = observedNetwork(graph)
  const session = await runtime.InferenceSession.create(bytes, options)
  const seen = values.map(({ node }) => ({
    node,
    lows: [] as number[],
    highs: [] as number[],
    means: [] as Float32Array[]
  }))
  try {
    for (const picture of pictures) {
      const feed = new runtime.Tensor('float32', normalize(picture, contract), [1, side, side, 3])
      const outputs = await session.run({ [ONNX_INPUT]: feed })
      const read = (name: string): Float32Array => outputs[name]!.data as Float32Array
      values.forEach(({ min, max, means }, index) => {
        seen[index]!.lows.push(read(min)[0]!)
        seen[index]!.highs.push(read(max)[0]!)
        seen[index]!.means.push(read(means).slice())
      })
    }
  } finally {
    await session.release()
  }
  const ranges = new Map<string, ValueRange>()
  for (const { node, lows, highs, means } of seen) {
    ranges.set(node, { min: quantile(lows, 1 - HELD), max: quantile(highs, HELD), means: meanOf(means) })
  }
  const input = graph.nodes.find(({ op }) => op === 'input')!.name
  const whole = ranges.get(input)
  // What a byte can become is known beforehand; where mean and deviation are those of all channels, nothing is lost of it.
  if (whole) ranges.set(input, { ...whole, ...bytesRange(contract) })
  return ranges
}

function bytesRange({ mean, std }: ValueContract): { min: number; max: number } {
  const ends = mean.flatMap((value, channel) => [-value / std[channel]!, (255 - value) / std[channel]!])
  return { min: Math.min(...ends), max: Math.max(...ends) }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))]!
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  return rows[0]!.map((_, column) => rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length)
}
