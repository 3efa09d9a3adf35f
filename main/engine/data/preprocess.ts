/**
 * The one way from a picture to numbers: crop and resize with half-pixel centres and antialias, then (value − mean) / std in the
 * contract's colour order. Training, evaluation, prediction and preview all come through here.
 */
import type { PreprocessingContract, ResizeFilter } from '@shared/domain/preprocessing'
import type { KernelEnum, Sharp } from 'sharp'
import { BACKGROUND, decoding, openImage, type OpenImage } from './decode'
import { viewOf, type View } from './geometry'

/** RGB, 8 bits, row by row from the top. */
export interface PixelImage {
  width: number
  height: number
  data: Uint8Array
}

/** A path, or an image that is open already. */
export type ImageSource = string | OpenImage

const KERNELS: Record<ResizeFilter, keyof KernelEnum> = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos3: 'lanczos3'
}

/**
 * What the network would see, before normalisation.
 * @param margin extra pixels on each side of the square, at the network's resolution, for augmentation to shift and zoom in; the
 *   `size` × `size` pixels in the middle are the same as without. Where the picture ends, its edge is repeated ('pad': black).
 * @throws StudioError image/*
 */
export async function loadPixels(
  source: ImageSource,
  contract: PreprocessingContract,
  margin = 0
): Promise<PixelImage> {
  const image = typeof source === 'string' ? await openImage(source) : source
  const view = viewOf(image.width, image.height, contract)
  const pipeline = image.pipeline.clone().flatten({ background: BACKGROUND })
  if (view.trim) pipeline.extract(view.trim)
  const { width, height } = view.resized
  pipeline.resize(width, height, { fit: 'fill', kernel: KERNELS[contract.filter] })
  cutWindow(pipeline, view, margin, contract.crop === 'pad' ? 'background' : 'copy')
  const data = await decoding(image.path, () => pipeline.toColourspace('srgb').raw().toBuffer())
  // Not what sharp says of it: after an extension it tells the size before.
  const side = contract.size + 2 * margin
  return { width: side, height: side, data }
}

/** Cuts out what lies within the picture, then extends it to what was asked for. */
function cutWindow(
  pipeline: Sharp,
  { window, resized }: View,
  margin: number,
  extendWith: 'copy' | 'background'
): void {
  const wanted = { left: window.left - margin, top: window.top - margin }
  const side = { width: window.width + 2 * margin, height: window.height + 2 * margin }
  const left = Math.max(wanted.left, 0)
  const top = Math.max(wanted.top, 0)
  const right = Math.min(wanted.left + side.width, resized.width)
  const bottom = Math.min(wanted.top + side.height, resized.height)
  pipeline.extract({ left, top, width: right - left, height: bottom - top })
  const missing = {
    left: left - wanted.left,
    top: top - wanted.top,
    right: wanted.left + side.width - right,
    bottom: wanted.top + side.height - bottom
  }
  if (Object.values(missing).some((amount) => amount > 0)) {
    pipeline.extend({ ...missing, extendWith, background: '#000000' })
  }
}

/**
 * (value − mean) / std for each channel, in the contract's colour order.
 * @param pixels RGB bytes, as loadPixels gives them.
 * @param out where to write, from `offset` on: the batch's own buffer spares a copy.
 */
export function normalize(
  pixels: Uint8Array,
  contract: PreprocessingContract,
  out: Float32Array = new Float32Array(pixels.length),
  offset = 0
): Float32Array {
  const order = contract.colorOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0]
  order.forEach((source, channel) => {
    const table = valueTable(contract.mean[channel]!, contract.std[channel]!)
    for (let place = source, to = offset + channel; place < pixels.length; place += 3, to += 3) {
      out[to] = table[pixels[place]!]!
    }
  })
  return out
}

/** A byte has 256 values, so a channel has 256 results. */
function valueTable(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => (value - mean) / std)
}

/**
 * @returns NHWC, size × size × 3.
 * @throws StudioError image/*
 */
export async function applyContract(
  source: ImageSource,
  contract: PreprocessingContract,
  out?: Float32Array,
  offset?: number
): Promise<Float32Array> {
  const { data } = await loadPixels(source, contract)
  return normalize(data, contract, out, offset)
}
