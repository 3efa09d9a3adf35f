/** Augmentation of training pictures, on 8-bit RGB, before the contract's normalisation. */
import type { AugmentationConfig } from '@shared/domain/training-config'
import type { PixelImage } from '../resample'
import { applySteps } from './apply'
import { drawSteps, type AugmentKey } from './draw'

/**
 * The same picture for the same key, on every machine.
 *
 * @param picture the contract's square, with the margin that `marginOf` asks for, or without: its edge is then repeated.
 * @param size of the result's side; the picture's own when left out.
 */
export function augment(
  picture: PixelImage,
  config: AugmentationConfig,
  key: AugmentKey,
  size: number = picture.width
): PixelImage {
  return applySteps(picture, drawSteps(config, key, size), size)
}
