/** Small pictures to compare by eye, so to say: the thumbnails that the import made. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as SharpModule from 'sharp'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { mapAhead } from '../../data/map-ahead'
import { HASH_SIDE, perceptualHash, type PerceptualHash } from './hash'

export interface SmallPicture {
  image: LabelledImage
  hash: PerceptualHash
  /** HASH_SIDE × HASH_SIDE × 3. */
  pixels: Uint8Array
}

/** Ends after this long: in a pre-flight nobody waits for the last of a hundred thousand. */
const MOST_MS = 8000

/**
 * @param directory of thumbnails by content hash; pictures without one are left out
 * @returns in the order given, as far as there was time
 */
export async function readSmallPictures(
  images: readonly LabelledImage[],
  directory: string,
  signal: AbortSignal
): Promise<SmallPicture[]> {
  const sharp = createRequire(import.meta.url)('sharp') as typeof SharpModule.default
  const read = async (image: LabelledImage): Promise<SmallPicture | null> => {
    const file = join(directory, image.hash.slice(0, 2), `${image.hash}.webp`)
    try {
      const pixels = await sharp(file)
        .flatten({ background: '#fff' })
        .resize(HASH_SIDE, HASH_SIDE, { fit: 'fill' })
        .toColourspace('srgb')
        .raw()
        .toBuffer()
      return { image, hash: perceptualHash(greyOf(pixels)), pixels }
    } catch {
      return null
    }
  }
  const until = performance.now() + MOST_MS
  const pictures: SmallPicture[] = []
  for await (const picture of mapAhead(images, read, { concurrency: 8, ahead: 16 })) {
    if (picture) pictures.push(picture)
    if (signal.aborted || performance.now() > until) break
  }
  return pictures
}

/** Light as Rec. 601 weighs it. */
function greyOf(pixels: Uint8Array): Float32Array {
  const grey = new Float32Array(pixels.length / 3)
  for (let place = 0; place < grey.length; place++) {
    grey[place] = 0.299 * pixels[place * 3]! + 0.587 * pixels[place * 3 + 1]! + 0.114 * pixels[place * 3 + 2]!
  }
  return grey
}
