/** Random flips, shifts and zooms, on the pixels that the preprocessing contract gives, before it normalises them. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig } from '@shared/domain/training-config'
import type { PixelImage } from '../../data/preprocess'
import { derive } from '../random'

/** Where in the picture one training example is looked at. */
export interface Glance {
  flip: boolean
  /** Of the square's centre, as shares of its side. */
  shift: [horizontal: number, vertical: number]
  /** Side of the square as a multiple of the contract's: above 1 shows more of the picture, smaller. */
  zoom: number
}

export const isAugmenting = ({ flip, shift, zoom }: AugmentationConfig): boolean => flip || shift > 0 || zoom > 0

/** The same for the same seed, epoch and image, whatever else was drawn. */
export function drawGlance(config: AugmentationConfig, seed: number, epoch: number, imageId: number): Glance {
  const random = derive(seed, 'augment', epoch, imageId)
  const between = (reach: number): number => (2 * random.float() - 1) * reach
  return {
    flip: random.float() < 0.5 && config.flip,
    shift: [between(config.shift), between(config.shift)],
    zoom: 1 + between(config.zoom)
  }
}

/** Pixels beyond the contract's square, on each side, that the widest glance reaches to. */
export function marginOf({ shift, zoom }: AugmentationConfig, size: number): number {
  return Math.ceil(size * (shift + zoom / 2))
}

/**
 * Looks at a picture: bilinear between its pixels, edges repeated, normalised as the contract says, NHWC.
 *
 * @param picture the contract's square with a margin all around.
 * @param out where to write size × size × 3 values, from `offset` on.
 */
export function glanceAt(
  picture: PixelImage,
  glance: Glance,
  contract: PreprocessingContract,
  out: Float32Array,
  offset: number
): void {
  const { size } = contract
  const { width, height, data } = picture
  const columns = sampleAxis(size, width, glance.shift[0], glance.zoom, glance.flip)
  const rows = sampleAxis(size, height, glance.shift[1], glance.zoom, false)
  const order = contract.colorOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0]
  const factor = contract.std.map((deviation) => 1 / deviation)
  const base = contract.mean.map((mean, channel) => -mean / contract.std[channel]!)
  let place = offset
  for (let y = 0; y < size; y++) {
    const top = rows.first[y]! * width
    const bottom = rows.second[y]! * width
    const down = rows.weight[y]!
    for (let x = 0; x < size; x++) {
      const left = columns.first[x]!
      const right = columns.second[x]!
      const across = columns.weight[x]!
      const [nw, ne, sw, se] = [(top + left) * 3, (top + right) * 3, (bottom + left) * 3, (bottom + right) * 3]
      for (let channel = 0; channel < 3; channel++) {
        const source = order[channel]!
        const above = data[nw + source]! + across * (data[ne + source]! - data[nw + source]!)
        const below = data[sw + source]! + across * (data[se + source]! - data[sw + source]!)
        out[place++] = (above + down * (below - above)) * factor[channel]! + base[channel]!
      }
    }
  }
}

interface AxisSamples {
  first: Int32Array
  second: Int32Array
  /** Of the second, 0–1. */
  weight: Float32Array
}

/** Half-pixel centres: output pixel i covers the source around its own centre. */
function sampleAxis(size: number, length: number, shift: number, zoom: number, flip: boolean): AxisSamples {
  const first = new Int32Array(size)
  const second = new Int32Array(size)
  const weight = new Float32Array(size)
  for (let index = 0; index < size; index++) {
    const fromCentre = (index + 0.5 - size / 2) * (flip ? -1 : 1)
    const position = length / 2 + shift * size + fromCentre * zoom - 0.5
    const clamped = Math.min(Math.max(position, 0), length - 1)
    const before = Math.min(Math.floor(clamped), Math.max(length - 2, 0))
    first[index] = before
    second[index] = Math.min(before + 1, length - 1)
    weight[index] = clamped - before
  }
  return { first, second, weight }
}
