/** Real pictures as a contract's geometry makes them, before their values are scaled. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import { openImage } from '../data/decode'
import { mapAhead } from '../data/map-ahead'
import { normalize } from '../data/normalize'
import { loadPixels } from '../data/preprocess'

export interface Picture {
  /** size × size × 3 of red, green, blue, 0–255. */
  pixels: Uint8Array
  /** Of the original, pixels. */
  width: number
  height: number
}

/** Those that can be read. */
export async function openPictures<T>(
  images: readonly T[],
  pathOf: (image: T) => string,
  contract: PreprocessingContract
): Promise<Picture[]> {
  const read = async (image: T): Promise<Picture | null> => {
    try {
      const source = await openImage(pathOf(image))
      const { data } = await loadPixels(source, contract)
      return { pixels: data, width: source.width, height: source.height }
    } catch (error) {
      if (error instanceof StudioError) return null
      throw error
    }
  }
  const pictures: Picture[] = []
  for await (const picture of mapAhead(images, read, { concurrency: 8, ahead: 16 })) if (picture) pictures.push(picture)
  return pictures
}

/** What a network would see of them: NHWC. */
export function batchOf(pictures: readonly Picture[], contract: PreprocessingContract): Float32Array {
  const size = pictures[0]?.pixels.length ?? 0
  const batch = new Float32Array(pictures.length * size)
  pictures.forEach(({ pixels }, index) => normalize(pixels, contract, batch, index * size))
  return batch
}

export interface ValueSummary {
  min: number
  max: number
  mean: number
}

export function summaryOf(values: Float32Array): ValueSummary {
  let [min, max, sum] = [Infinity, -Infinity, 0]
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
    sum += value
  }
  return { min, max, mean: sum / Math.max(1, values.length) }
}

/** Mean absolute difference, grey levels. */
export function meanDifference(a: readonly Picture[], b: readonly Picture[]): number {
  let [sum, count] = [0, 0]
  a.forEach(({ pixels }, index) => {
    const other = b[index]?.pixels
    if (!other || other.length !== pixels.length) return
    for (let place = 0; place < pixels.length; place++) sum += Math.abs(pixels[place]! - other[place]!)
    count += pixels.length
  })
  return count === 0 ? 0 : sum / count
}
