/** The reference's layers that look at neighbouring pixels: borders, convolutions and pools, one output at a time. */
import type { GraphNode } from './graph'
import { padAmounts } from './shapes'

export type Picture = [height: number, width: number, channels: number]

type Convolution = Extract<GraphNode, { op: 'conv2d' | 'depthwiseConv2d' }>
type Pool = Extract<GraphNode, { op: 'maxPool' | 'averagePool' }>

export function zeroPad(
  x: Float32Array,
  [height, width, channels]: Picture,
  [outHeight, outWidth]: Picture,
  { top, left }: { top: number; left: number }
): Float32Array {
  const out = new Float32Array(outHeight * outWidth * channels)
  for (let row = 0; row < height; row++) {
    out.set(
      x.subarray(row * width * channels, (row + 1) * width * channels),
      ((row + top) * outWidth + left) * channels
    )
  }
  return out
}

/** @param kernelShape [height, width, in, out], or [height, width, channels, multiplier]. */
export function convolve(
  node: Convolution,
  x: Float32Array,
  [height, width, channels]: Picture,
  [outHeight, outWidth, outChannels]: Picture,
  kernelShape: number[],
  kernel: Float32Array,
  bias: Float32Array | null
): Float32Array {
  const [kernelHeight, kernelWidth, , last] = kernelShape as [number, number, number, number]
  const pads = padAmounts(height, width, { ...node, kernel: [kernelHeight, kernelWidth] })
  const out = new Float32Array(outHeight * outWidth * outChannels)
  const sums = new Float64Array(outChannels)
  for (let outY = 0; outY < outHeight; outY++) {
    for (let outX = 0; outX < outWidth; outX++) {
      if (bias) sums.set(bias)
      else sums.fill(0)
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = outY * node.strides[0] + ky * node.dilations[0] - pads.top
        if (y < 0 || y >= height) continue
        for (let kx = 0; kx < kernelWidth; kx++) {
          const column = outX * node.strides[1] + kx * node.dilations[1] - pads.left
          if (column < 0 || column >= width) continue
          const pixel = (y * width + column) * channels
          const tap = (ky * kernelWidth + kx) * channels * last
          for (let c = 0; c < channels; c++) {
            // A channel of a depthwise convolution feeds its own `last` outputs, one of a plain one feeds them all.
            const first = node.op === 'conv2d' ? 0 : c * last
            for (let o = 0; o < last; o++) sums[first + o]! += x[pixel + c]! * kernel[tap + c * last + o]!
          }
        }
      }
      out.set(sums, (outY * outWidth + outX) * outChannels)
    }
  }
  return out
}

/** The largest or the mean of each window's values; what the window covers beyond the picture is neither. */
export function pool(
  node: Pool,
  x: Float32Array,
  [height, width, channels]: Picture,
  [outHeight, outWidth]: Picture
): Float32Array {
  const pads = padAmounts(height, width, { ...node, kernel: node.size, dilations: [1, 1] })
  const out = new Float32Array(outHeight * outWidth * channels)
  for (let place = 0; place < out.length; place++) {
    const channel = place % channels
    const outX = Math.floor(place / channels) % outWidth
    const outY = Math.floor(place / (channels * outWidth))
    let [largest, sum, count] = [-Infinity, 0, 0]
    for (let ky = 0; ky < node.size[0]; ky++) {
      const y = outY * node.strides[0] + ky - pads.top
      if (y < 0 || y >= height) continue
      for (let kx = 0; kx < node.size[1]; kx++) {
        const column = outX * node.strides[1] + kx - pads.left
        if (column < 0 || column >= width) continue
        const value = x[(y * width + column) * channels + channel]!
        largest = Math.max(largest, value)
        sum += value
        count++
      }
    }
    out[place] = node.op === 'maxPool' ? largest : sum / count
  }
  return out
}
