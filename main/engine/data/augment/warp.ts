/** Every change of geometry at once: one affine map from output to source, sampled bilinearly with half-pixel centres. */
import type { PixelImage } from '../resample.ts'
import type { GeometricStep } from './steps.ts'

/**
 * Where an output pixel is looked up, both sides in pixels from their centres: source x = xx·u + xy·v + x0, y = yx·u + yy·v + y0.
 */
export interface Warp {
  xx: number
  xy: number
  x0: number
  yx: number
  yy: number
  y0: number
}

const IDENTITY: Warp = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 }

/** Weights of the two neighbours along an axis are whole 2,048ths: the products of two and a byte fit 32 bits. */
const WEIGHT_BITS = 11
const ONE = 1 << WEIGHT_BITS
const HALF = 1 << (2 * WEIGHT_BITS - 1)

/**
 * The steps as one map; null when they change nothing.
 * @param size of the output's side, which shifts are shares of.
 */
export function warpOf(steps: readonly GeometricStep[], size: number): Warp | null {
  // What comes later is done to what the earlier steps gave: its map comes first on the way from the output to the source.
  const warp = steps.reduce((before, step) => compose(before, mapOf(step, size)), IDENTITY)
  const same = (Object.keys(IDENTITY) as (keyof Warp)[]).every((key) => warp[key] === IDENTITY[key])
  return same ? null : warp
}

function mapOf(step: GeometricStep, size: number): Warp {
  switch (step.op) {
    case 'flip':
      return { ...IDENTITY, xx: -1 }
    case 'shift':
      return { ...IDENTITY, x0: step.x * size, y0: step.y * size }
    case 'zoom':
      return { ...IDENTITY, xx: step.factor, yy: step.factor }
    case 'shear':
      return { ...IDENTITY, xy: step.x, yx: step.y }
    case 'rotate': {
      const angle = (step.degrees * Math.PI) / 180
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
      // Rows are counted downwards: clockwise to the eye.
      return { ...IDENTITY, xx: cos, xy: sin, yx: -sin, yy: cos }
    }
  }
}

/** First `inner`, then `outer` on its result. */
function compose(outer: Warp, inner: Warp): Warp {
  return {
    xx: outer.xx * inner.xx + outer.xy * inner.yx,
    xy: outer.xx * inner.xy + outer.xy * inner.yy,
    x0: outer.xx * inner.x0 + outer.xy * inner.y0 + outer.x0,
    yx: outer.yx * inner.xx + outer.yy * inner.yx,
    yy: outer.yx * inner.xy + outer.yy * inner.yy,
    y0: outer.yx * inner.x0 + outer.yy * inner.y0 + outer.y0
  }
}

/** A new picture of size × size; where the warp reaches beyond the source, its edge is repeated. */
export function warpPixels(source: PixelImage, warp: Warp, size: number): PixelImage {
  const data = new Uint8Array(size * size * 3)
  if (warp.xy === 0 && warp.yx === 0) sampleGrid(source, warp, size, data)
  else sampleFreely(source, warp, size, data)
  return { width: size, height: size, data }
}

/** The square in the middle as it is: always a copy. */
export function centerCut({ width, height, data }: PixelImage, size: number): PixelImage {
  if (width === size && height === size) return { width, height, data: data.slice() }
  const out = new Uint8Array(size * size * 3)
  const [left, top] = [(width - size) >> 1, (height - size) >> 1]
  for (let y = 0; y < size; y++) {
    const start = ((top + y) * width + left) * 3
    out.set(data.subarray(start, start + size * 3), y * size * 3)
  }
  return { width: size, height: size, data: out }
}

/** Where the axes stay apart, an output column always mixes the same two source columns, and a row the same two rows. */
function sampleGrid({ width, height, data }: PixelImage, warp: Warp, size: number, out: Uint8Array): void {
  const columns = axis(size, width, warp.xx, warp.x0)
  const rows = axis(size, height, warp.yy, warp.y0)
  for (let y = 0, place = 0; y < size; y++) {
    const top = rows.first[y]! * width * 3
    const bottom = rows.second[y]! * width * 3
    const down = rows.weight[y]!
    const up = ONE - down
    for (let x = 0; x < size; x++, place += 3) {
      const left = columns.first[x]! * 3
      const right = columns.second[x]! * 3
      const across = columns.weight[x]!
      const back = ONE - across
      for (let channel = 0; channel < 3; channel++) {
        const above = back * data[top + left + channel]! + across * data[top + right + channel]!
        const below = back * data[bottom + left + channel]! + across * data[bottom + right + channel]!
        out[place + channel] = (up * above + down * below + HALF) >> (2 * WEIGHT_BITS)
      }
    }
  }
}

function axis(size: number, length: number, scale: number, offset: number) {
  const first = new Int32Array(size)
  const second = new Int32Array(size)
  const weight = new Int32Array(size)
  for (let index = 0; index < size; index++) {
    const position = length / 2 + (index + 0.5 - size / 2) * scale + offset - 0.5
    const clamped = Math.min(Math.max(position, 0), length - 1)
    const before = Math.floor(clamped)
    first[index] = before
    second[index] = Math.min(before + 1, length - 1)
    weight[index] = Math.round((clamped - before) * ONE)
  }
  return { first, second, weight }
}

function sampleFreely({ width, height, data }: PixelImage, warp: Warp, size: number, out: Uint8Array): void {
  const [lastX, lastY] = [width - 1, height - 1]
  const { xx, yx } = warp
  const start = 0.5 - size / 2
  for (let y = 0, place = 0; y < size; y++) {
    const fromX = width / 2 - 0.5 + warp.xy * (y + start) + warp.x0 + xx * start
    const fromY = height / 2 - 0.5 + warp.yy * (y + start) + warp.y0 + yx * start
    for (let x = 0; x < size; x++, place += 3) {
      const sourceX = Math.min(Math.max(fromX + xx * x, 0), lastX)
      const sourceY = Math.min(Math.max(fromY + yx * x, 0), lastY)
      const left = sourceX | 0
      const top = sourceY | 0
      const across = ((sourceX - left) * ONE + 0.5) | 0
      const down = ((sourceY - top) * ONE + 0.5) | 0
      const nw = (top * width + left) * 3
      const ne = left < lastX ? nw + 3 : nw
      const below = top < lastY ? width * 3 : 0
      const [w11, w01] = [across * down, (ONE - across) * down]
      const [w10, w00] = [across * (ONE - down), (ONE - across) * (ONE - down)]
      for (let channel = 0; channel < 3; channel++) {
        const sum =
          w00 * data[nw + channel]! +
          w10 * data[ne + channel]! +
          w01 * data[nw + below + channel]! +
          w11 * data[ne + below + channel]!
        out[place + channel] = (sum + HALF) >> (2 * WEIGHT_BITS)
      }
    }
  }
}
