/** Changes in which a pixel depends on those around it, or on its place. In place. */
import { createRandom } from '../../../../shared/random.ts'
import type { PixelImage } from '../resample.ts'

/** Weights of the blur are whole 65,536ths; between its two passes, nine bits are dropped. */
const BLUR_BITS = 16
const DROPPED_BITS = 9
const KEPT_BITS = 2 * BLUR_BITS - DROPPED_BITS
const ROUND = 1 << (KEPT_BITS - 1)

/** Gaussian, out to three standard deviations, edges repeated. @param sigma standard deviation, pixels */
export function blur({ width, height, data }: PixelImage, sigma: number): void {
  const weights = gaussian(sigma)
  const line = width * 3
  const sums = new Int32Array(line)
  const copy = new Uint8Array(data)
  for (let y = 0; y < height; y++) {
    const row = (offset: number): number => Math.min(Math.max(y + offset, 0), height - 1) * line
    mix(copy, row(0), row(0), weights[0]! / 2, sums, true)
    for (let tap = 1; tap < weights.length; tap++) mix(copy, row(-tap), row(tap), weights[tap]!, sums, false)
    blurRow(sums, weights, data, y * line)
  }
}

/** sums += weight · (one row + other row), or = for the first. */
function mix(data: Uint8Array, one: number, other: number, weight: number, sums: Int32Array, first: boolean): void {
  for (let x = 0; x < sums.length; x++) {
    const value = weight * (data[one + x]! + data[other + x]!)
    sums[x] = first ? value : sums[x]! + value
  }
}

/** Along a row of weighted columns, which become whole 128ths of a byte's values: weighted again, they stay within 31 bits. */
function blurRow(columns: Int32Array, weights: Int32Array, out: Uint8Array, start: number): void {
  const reach = (weights.length - 1) * 3
  const line = columns.length
  const padded = new Int32Array(line + 2 * reach)
  for (let x = 0; x < line; x++) padded[reach + x] = (columns[x]! + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS
  for (let edge = 0; edge < reach; edge++) {
    padded[edge] = padded[reach + (edge % 3)]!
    padded[reach + line + edge] = padded[reach + line - 3 + (edge % 3)]!
  }
  for (let x = 0; x < line; x++) {
    const middle = x + reach
    let sum = weights[0]! * padded[middle]!
    for (let tap = 1, away = 3; tap < weights.length; tap++, away += 3) {
      sum += weights[tap]! * (padded[middle - away]! + padded[middle + away]!)
    }
    out[start + x] = (sum + ROUND) >> KEPT_BITS
  }
}

/** Weights of the centre and of one side; centre + 2 · side is exactly one, and the centre's is even. */
function gaussian(sigma: number): Int32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma))
  const values = Array.from({ length: radius + 1 }, (_, away) => Math.exp(-(away * away) / (2 * sigma * sigma)))
  const total = values.reduce((sum, value, away) => sum + (away === 0 ? value : 2 * value), 0)
  const weights = Int32Array.from(values, (value) => Math.round((value / total) * (1 << BLUR_BITS)))
  weights[0] = (1 << BLUR_BITS) - 2 * weights.subarray(1).reduce((sum, weight) => sum + weight, 0)
  return weights
}

/** Pillow's 'smooth' kernel, 1 1 1 / 1 5 1 / 1 1 1 over 13; the picture's outermost pixels stay. */
export function sharpness({ width, height, data }: PixelImage, factor: number): void {
  const copy = data.slice()
  const line = width * 3
  for (let y = 1; y < height - 1; y++) {
    for (let place = y * line + 3; place < (y + 1) * line - 3; place++) {
      let sum = 4 * copy[place]!
      for (let row = place - line; row <= place + line; row += line) sum += copy[row - 3]! + copy[row]! + copy[row + 3]!
      const smooth = sum / 13
      const value = smooth + factor * (copy[place]! - smooth)
      data[place] = value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0
    }
  }
}

/** As many standard normal values as 12 bits can choose from, mean 0 and variance 1: drawing each anew costs ten times as much. */
const NORMALS = standardNormals(4096)

function standardNormals(count: number): Float64Array {
  const { normal } = createRandom(1, 0x6e6f72)
  // With its mirror image: the mean is exactly 0.
  const values = new Float64Array(count)
  for (let index = 0; index < count; index += 2) {
    values[index] = normal()
    values[index + 1] = -values[index]!
  }
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / count)
  return values.map((value) => value / deviation)
}

/** @param deviation of each value by itself, in values of 0–255. */
export function noise({ data }: PixelImage, deviation: number, seed: number): void {
  const bits = new Int32Array(Math.ceil(data.length / 2))
  createRandom(seed, 0x6e6f69).fill(bits)
  const amounts = NORMALS.map((value) => value * deviation)
  for (let place = 0; place < data.length; place++) {
    const index = (place & 1 ? bits[place >> 1]! >>> 20 : bits[place >> 1]! >>> 4) & 4095
    const value = data[place]! + amounts[index]!
    data[place] = value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0
  }
}

/** Middle grey, which is near zero to a network whose contract centres the values. */
const CUTOUT_GREY = 128

export function cutout({ width, height, data }: PixelImage, left: number, top: number, side: number): void {
  const [from, to] = [Math.max(left, 0), Math.min(left + side, width)]
  for (let y = Math.max(top, 0); y < Math.min(top + side, height); y++) {
    if (to > from) data.fill(CUTOUT_GREY, (y * width + from) * 3, (y * width + to) * 3)
  }
}
