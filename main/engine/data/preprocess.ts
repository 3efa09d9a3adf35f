/**
 * The one way from a picture to numbers: crop and resize with half-pixel centres and antialias, then (value − mean) / std in the
 * contract's colour order. Training, evaluation, prediction and preview all come through here.
 */
import type { PreprocessingContract, ResizeFilter } from '@shared/domain/preprocessing'
import type { KernelEnum, Sharp } from 'sharp'
import { BACKGROUND, decoding, openImage, type OpenImage } from './decode.ts'
import { viewOf, type Box } from './geometry.ts'
import { resample, type PixelImage } from './resample.ts'

export type { PixelImage }

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
  const { trim, resized, window } = viewOf(image.width, image.height, contract)
  const { left, top, width, height } = window
  const wanted = { left: left - margin, top: top - margin, width: width + 2 * margin, height: height + 2 * margin }
  const outside = contract.crop === 'pad' ? 'black' : 'copy'
  const pipeline = image.pipeline.clone().flatten({ background: BACKGROUND })
  if (trim) pipeline.extract(trim)
  const from = trim ?? image
  if (resized.width > from.width || resized.height > from.height) {
    return resample(await readPixels(image, pipeline), resized, wanted, contract.filter, outside)
  }
  // Applied to the whole picture and cut afterwards, so that libvips can shrink a JPEG or WebP while it decodes it. Where the
  // factor (at most 8) does not divide the picture's side, this stretches the result, by less than a pixel over its length.
  pipeline.resize(resized.width, resized.height, { fit: 'fill', kernel: KERNELS[contract.filter] })
  cutWindow(pipeline, wanted, resized, outside)
  return readPixels(image, pipeline)
}

async function readPixels(image: OpenImage, pipeline: Sharp): Promise<PixelImage> {
  const { data, info } = await decoding(image.path, () =>
    pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  )
  return { width: info.width, height: info.height, data }
}

/** Cuts out what lies within the picture, then extends it to what was asked for. */
function cutWindow(
  pipeline: Sharp,
  wanted: Box,
  resized: { width: number; height: number },
  outside: 'copy' | 'black'
): void {
  const left = Math.max(wanted.left, 0)
  const top = Math.max(wanted.top, 0)
  const right = Math.min(wanted.left + wanted.width, resized.width)
  const bottom = Math.min(wanted.top + wanted.height, resized.height)
  pipeline.extract({ left, top, width: right - left, height: bottom - top })
  const missing = {
    left: left - wanted.left,
    top: top - wanted.top,
    right: wanted.left + wanted.width - right,
    bottom: wanted.top + wanted.height - bottom
  }
  if (Object.values(missing).some((amount) => amount > 0)) {
    pipeline.extend({ ...missing, extendWith: outside === 'copy' ? 'copy' : 'background', background: '#000000' })
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
