/** Does what was drawn: geometry as one warp, then the changes of pixels in order. Pure; nothing here draws. */
import type { PixelImage } from '../resample.ts'
import {
  autocontrast,
  brightness,
  contrast,
  equalize,
  grayscale,
  hue,
  posterize,
  saturation,
  solarize
} from './color.ts'
import { blur, cutout, noise, sharpness } from './neighbourhood.ts'
import { isGeometric, type AugmentStep, type PixelStep } from './steps.ts'
import { centerCut, warpOf, warpPixels } from './warp.ts'

/**
 * @param picture the contract's square, with a margin all around or without one; it stays as it is.
 * @param size of the result's side; without steps the result is the picture's middle, byte for byte.
 */
export function applySteps(picture: PixelImage, steps: readonly AugmentStep[], size: number): PixelImage {
  const warp = warpOf(steps.filter(isGeometric), size)
  const result = warp ? warpPixels(picture, warp, size) : centerCut(picture, size)
  for (const step of steps) if (!isGeometric(step)) change(result, step)
  return result
}

function change(image: PixelImage, step: PixelStep): void {
  const { data } = image
  switch (step.op) {
    case 'brightness':
      return brightness(data, step.factor)
    case 'contrast':
      return contrast(data, step.factor)
    case 'saturation':
      return saturation(data, step.factor)
    case 'hue':
      return hue(data, step.turn)
    case 'grayscale':
      return grayscale(data)
    case 'sharpness':
      return sharpness(image, step.factor)
    case 'posterize':
      return posterize(data, step.bits)
    case 'solarize':
      return solarize(data, step.threshold)
    case 'autocontrast':
      return autocontrast(data)
    case 'equalize':
      return equalize(data)
    case 'blur':
      return blur(image, step.sigma)
    case 'noise':
      return noise(image, step.deviation, step.seed)
    case 'cutout':
      return cutout(image, step.left, step.top, step.side)
  }
}
