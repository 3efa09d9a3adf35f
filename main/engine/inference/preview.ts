/** What a backbone gets to see of a picture under a contract. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import sharp from 'sharp'
import { openImage } from '../data/decode'
import { viewOf, type Box } from '../data/geometry'
import { normalize } from '../data/normalize'
import { loadPixels } from '../data/preprocess'

export interface Preview {
  /** On the upright original, in its pixels; with 'pad' it reaches over the edge. */
  crop: Box
  /** PNG data address, size × size. */
  seen: string
  /** Of the numbers that reach the network, over all channels. */
  range: { min: number; max: number; mean: number }
}

/** @throws StudioError image/* */
export async function previewImage(path: string, contract: PreprocessingContract): Promise<Preview> {
  const image = await openImage(path)
  const { data, width, height } = await loadPixels(image, contract)
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  let [min, max, sum] = [Infinity, -Infinity, 0]
  const values = normalize(data, contract)
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
  }
  return {
    crop: viewOf(image.width, image.height, contract).box,
    seen: `data:image/png;base64,${png.toString('base64')}`,
    range: { min, max, mean: sum / values.length }
  }
}
