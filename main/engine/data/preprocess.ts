/**
 * The one way from a picture to numbers: crop and resize with half-pixel centres and antialias, then (value − mean) / std in the
 * contract's colour order. Training, evaluation, prediction and preview all come through here.
 */
import type { PreprocessingContract, ResizeFilter } from '@shared/domain/preprocessing'
import type { KernelEnum, Sharp } from 'sharp'
import { BACKGROUND, decoding, openImage, type OpenImage } from './decode.ts'
import { viewOf, type Box } from './geometry.ts'
import { normalize } from './normalize.ts'
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
  const pipeline = image.pipeline().flatten({ background: BACKGROUND })
  if (trim) pipeline.extract(trim)
  const from = trim ?? image
  if (resized.width > from.width || resized.height > from.height) {
    return resample(await readPixels(image, pipeline), resized, wanted, contract.filter, outside)
  }
  // Applied to the whole picture and cut afterwards, so that libvips can shrink a JPEG or WebP while it decodes it. Where the
  // factor (at most 8) does not divide the picture's side, this stretches the result, by less than a pixel over its length.
  pipeline.resize(resized.width, resized.height, { fit: 'fill', kernel: KERNELS[contract.filter] })
  const { inside, missing } = cutWindow(wanted, resized)
  return extend(await readPixels(image, pipeline.extract(inside)), missing, outside)
}

async function readPixels(image: OpenImage, pipeline: Sharp): Promise<PixelImage> {
  const { data, info } = await decoding(image.path, () =>
    pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  )
  return { width: info.width, height: info.height, data }
}

/** What lies within the picture; the rest of what was asked for is `missing`, pixels on each side. */
function cutWindow(wanted: Box, resized: { width: number; height: number }): { inside: Box; missing: Missing } {
  const left = Math.max(wanted.left, 0)
  const top = Math.max(wanted.top, 0)
  const right = Math.min(wanted.left + wanted.width, resized.width)
  const bottom = Math.min(wanted.top + wanted.height, resized.height)
  const missing = {
    left: left - wanted.left,
    top: top - wanted.top,
    right: wanted.left + wanted.width - right,
    bottom: wanted.top + wanted.height - bottom
  }
  return { inside: { left, top, width: right - left, height: bottom - top }, missing }
}

interface Missing {
  left: number
  top: number
  right: number
  bottom: number
}

/** Around a picture, its edge or black. Here, since sharp 0.35 forgets to extend what it has resized and then extracted. */
function extend(picture: PixelImage, { left, top, right, bottom }: Missing, outside: 'copy' | 'black'): PixelImage {
  if (left + top + right + bottom === 0) return picture
  const [width, height] = [picture.width + left + right, picture.height + top + bottom]
  const data = new Uint8Array(width * height * 3)
  const line = width * 3
  for (let y = 0; y < picture.height; y++) {
    const source = picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3)
    const start = (top + y) * line
    data.set(source, start + left * 3)
    if (outside === 'black') continue
    for (let x = 0; x < left; x++) data.set(source.subarray(0, 3), start + x * 3)
    for (let x = width - right; x < width; x++) data.set(source.subarray(-3), start + x * 3)
  }
  if (outside === 'copy') {
    for (let y = 0; y < top; y++) data.copyWithin(y * line, top * line, (top + 1) * line)
    const last = (height - bottom - 1) * line
    for (let y = height - bottom; y < height; y++) data.copyWithin(y * line, last, last + line)
  }
  return { width, height, data }
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
