/** What training would see of a picture in its first epochs, made by the code that trains. */
import type { AugmentationVariant } from '@shared/domain/augmentation'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig } from '@shared/domain/training-config'
import sharp from 'sharp'
import { applySteps } from '../data/augment/apply'
import { describeSteps } from '../data/augment/describe'
import { drawSteps, isAugmenting, marginOf } from '../data/augment/draw'
import type { AugmentStep } from '../data/augment/steps'
import { loadPixels, type PixelImage } from '../data/preprocess'

export interface AugmentPreviewInput {
  contract: PreprocessingContract
  augmentation: AugmentationConfig
  seed: number
  /** Shown in turn: the first epoch of each, then the second of each … */
  pictures: readonly { imageId: number; path: string }[]
  count: number
}

/** High enough that blocks are not mistaken for noise. */
const QUALITY = 92

/** @throws StudioError image/* */
export async function previewAugmentation(input: AugmentPreviewInput): Promise<AugmentationVariant[]> {
  const { contract, augmentation, seed, pictures, count } = input
  const { size } = contract
  const margin = isAugmenting(augmentation) ? marginOf(augmentation, size) : 0
  const loaded = await Promise.all(pictures.map(({ path }) => loadPixels(path, contract, margin)))
  const variant = async (source: PixelImage, imageId: number, epoch: number, steps: readonly AugmentStep[]) => ({
    imageId,
    epoch,
    description: describeSteps(steps),
    picture: await webp(applySteps(source, steps, size))
  })
  const plain = pictures.map(({ imageId }, place) => variant(loaded[place]!, imageId, 0, []))
  const augmented = Array.from({ length: count }, (_, index) => {
    const place = index % pictures.length
    const { imageId } = pictures[place]!
    const epoch = 1 + Math.floor(index / pictures.length)
    return variant(loaded[place]!, imageId, epoch, drawSteps(augmentation, { seed, epoch, imageId }, size))
  })
  return Promise.all([...plain, ...augmented])
}

async function webp({ width, height, data }: PixelImage): Promise<string> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality: QUALITY, effort: 0 })
    .toBuffer()
  return `data:image/webp;base64,${bytes.toString('base64')}`
}
