/**
 * Separable resampling by the book: half-pixel centres, and a kernel that widens with the scale when it shrinks (antialias). It
 * serves where a picture must be enlarged: libvips' own enlargement is shifted by half a pixel of the result (seen in 8.18).
 * Shrinking is left to libvips, which has it right, and does it off the main thread.
 */
import type { ResizeFilter } from '@shared/domain/preprocessing'
import type { Box } from './geometry.ts'

/** RGB, 8 bits, row by row from the top. */
export interface PixelImage {
  width: number
  height: number
  data: Uint8Array
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

/** Half the kernel's width, and its value; bicubic is Catmull-Rom (a = −½), as in Pillow and libvips. */
const KERNELS: Record<Exclude<ResizeFilter, 'nearest'>, { support: number; at: (x: number) => number }> = {
  bilinear: { support: 1, at: (x) => 1 - x },
  bicubic: { support: 2, at: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2) },
  lanczos3: { support: 3, at: (x) => sinc(x) * sinc(x / 3) }
}

/** For each place of the result, which source places it is mixed from. */
interface Taps {
  count: number
  /** Source places, `count` for each place of the result, already clamped to the picture. */
  places: Int32Array
  weights: Float32Array
}

/**
 * @param resized size of the whole result, of which `window` is cut out.
 * @param outside what lies where the window reaches over the result's edge.
 */
export function resample(
  source: PixelImage,
  resized: { width: number; height: number },
  window: Box,
  filter: ResizeFilter,
  outside: 'copy' | 'black'
): PixelImage {
  const columns = tapsOf(source.width, resized.width, window.left, window.width, filter)
  const rows = tapsOf(source.height, resized.height, window.top, window.height, filter)
  const narrow = resampleRows(source, columns, window.width, rows)
  const data = resampleColumns(narrow, rows, window)
  if (outside === 'black') blackOutside(data, resized, window)
  return { width: window.width, height: window.height, data }
}

function tapsOf(sourceSize: number, resizedSize: number, first: number, count: number, filter: ResizeFilter): Taps {
  const scale = sourceSize / resizedSize
  const clamp = (place: number, size: number): number => Math.min(Math.max(place, 0), size - 1)
  if (filter === 'nearest') {
    const nearest = (_: unknown, index: number): number =>
      clamp(Math.floor((clamp(first + index, resizedSize) + 0.5) * scale), sourceSize)
    return { count: 1, places: Int32Array.from({ length: count }, nearest), weights: new Float32Array(count).fill(1) }
  }
  const { support, at } = KERNELS[filter]
  const stretch = Math.max(scale, 1)
  const reach = support * stretch
  const taps = Math.floor(2 * reach) + 1
  const places = new Int32Array(count * taps)
  const weights = new Float32Array(count * taps)
  for (let index = 0; index < count; index++) {
    const center = (clamp(first + index, resizedSize) + 0.5) * scale - 0.5
    const start = Math.ceil(center - reach)
    let total = 0
    for (let tap = 0; tap < taps; tap++) {
      const distance = Math.abs(start + tap - center) / stretch
      const weight = distance < support ? at(distance) : 0
      places[index * taps + tap] = clamp(start + tap, sourceSize)
      weights[index * taps + tap] = weight
      total += weight
    }
    for (let tap = 0; tap < taps; tap++) weights[index * taps + tap]! /= total
  }
  return { count: taps, places, weights }
}

/** Every source row that some result row reads, made as wide as the result. */
function resampleRows(source: PixelImage, { count, places, weights }: Taps, width: number, rows: Taps): Float32Array {
  const narrow = new Float32Array(source.height * width * 3)
  const { data } = source
  for (const y of new Set(rows.places)) {
    const line = y * source.width * 3
    for (let x = 0, out = y * width * 3; x < width; x++, out += 3) {
      let red = 0
      let green = 0
      let blue = 0
      for (let tap = x * count; tap < (x + 1) * count; tap++) {
        const pixel = line + places[tap]! * 3
        const weight = weights[tap]!
        red += weight * data[pixel]!
        green += weight * data[pixel + 1]!
        blue += weight * data[pixel + 2]!
      }
      narrow[out] = red
      narrow[out + 1] = green
      narrow[out + 2] = blue
    }
  }
  return narrow
}

function resampleColumns(narrow: Float32Array, { count, places, weights }: Taps, { width, height }: Box): Uint8Array {
  const line = width * 3
  // Rounds half to even and clamps to 0–255.
  const data = new Uint8ClampedArray(height * line)
  for (let y = 0; y < height; y++) {
    const taps = Array.from({ length: count }, (_, tap) => y * count + tap).filter((tap) => weights[tap] !== 0)
    const rows = taps.map((tap) => narrow.subarray(places[tap]! * line, (places[tap]! + 1) * line))
    mixRows(
      rows,
      taps.map((tap) => weights[tap]!),
      data.subarray(y * line, (y + 1) * line)
    )
  }
  return new Uint8Array(data.buffer)
}

/** Six rows or fewer, which is what Lanczos enlarges from, are added up in registers. */
function mixRows(rows: readonly Float32Array[], weights: readonly number[], out: Uint8ClampedArray): void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = weights
  const first = rows[0]!
  const [second = first, third = first, fourth = first, fifth = first, sixth = first] = rows.slice(1)
  if (rows.length <= 2) {
    for (let x = 0; x < out.length; x++) out[x] = a * first[x]! + b * second[x]!
  } else if (rows.length <= 4) {
    for (let x = 0; x < out.length; x++) out[x] = a * first[x]! + b * second[x]! + c * third[x]! + d * fourth[x]!
  } else if (rows.length <= 6) {
    for (let x = 0; x < out.length; x++) {
      const sum = a * first[x]! + b * second[x]! + c * third[x]! + d * fourth[x]!
      out[x] = sum + e * fifth[x]! + f * sixth[x]!
    }
  } else {
    const sums = new Float32Array(out.length)
    for (let index = 0; index < rows.length; index++) addRow(sums, rows[index]!, weights[index]!)
    out.set(sums)
  }
}

function addRow(sums: Float32Array, row: Float32Array, weight: number): void {
  for (let x = 0; x < sums.length; x++) sums[x]! += weight * row[x]!
}

function blackOutside(data: Uint8Array, resized: { width: number; height: number }, window: Box): void {
  for (let y = 0; y < window.height; y++) {
    const inside = window.top + y >= 0 && window.top + y < resized.height
    for (let x = 0; x < window.width; x++) {
      if (inside && window.left + x >= 0 && window.left + x < resized.width) continue
      data.fill(0, 3 * (y * window.width + x), 3 * (y * window.width + x + 1))
    }
  }
}
