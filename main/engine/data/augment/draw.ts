/** Draws what happens to one picture in one epoch: the same for the same seed, epoch and image, whatever else was drawn. */
import type { AugmentationConfig } from '@shared/domain/training-config'
import { derive } from '../../training/random'
import { drawRandAugment, randAugmentReach } from './rand-augment'
import type { AugmentStep } from './steps'

export interface AugmentKey {
  seed: number
  /** Counted from 1 over the phase. */
  epoch: number
  imageId: number
  /** How often the image came before in this epoch, when a sampler draws it more than once. */
  repeat?: number
}

/** Standard deviations of the blur, pixels of a side of 224, as in SimCLR (Chen et al. 2020, https://arxiv.org/abs/2002.05709). */
const BLUR_SIGMAS = [0.1, 2] as const
const BLUR_SIDE = 224

/** A margin wider than this share of the side would be decoded and kept for few pixels; beyond it the edge is repeated. */
const WIDEST_MARGIN = 1 / 4
/** Margins are whole sixteenths of the side, so that a little more shift still finds the pictures that were decoded before. */
const MARGIN_STEPS = 16

/**
 * Every setting draws the same count of numbers whether it is on or off: turning one off leaves the others' draws as they were.
 * @param size of the square that comes out, pixels.
 */
export function drawSteps(config: AugmentationConfig, key: AugmentKey, size: number): AugmentStep[] {
  const { seed, epoch, imageId, repeat = 0 } = key
  const random = derive(seed, 'augment', epoch, imageId, ...(repeat > 0 ? [repeat] : []))
  const about = (reach: number): number => random.uniform(-reach, reach)
  const factor = (reach: number): number => Math.max(0, 1 + about(reach))
  const flip = random.float() < 0.5
  const degrees = about(config.rotation)
  const shift = { x: about(config.shift), y: about(config.shift) }
  const zoom = 1 + about(config.zoom)
  const jitter: AugmentStep[] = [
    { op: 'brightness', factor: factor(config.brightness) },
    { op: 'contrast', factor: factor(config.contrast) },
    { op: 'saturation', factor: factor(config.saturation) },
    { op: 'hue', turn: about(config.hue) }
  ]
  random.shuffle(jitter)
  const gray = random.float() < config.grayscale
  const blurred = random.float() < config.blur
  const sigma = (random.uniform(...BLUR_SIGMAS) * size) / BLUR_SIDE
  const noiseSeed = random.uint32()
  const side = Math.round(config.cutout * size)
  const [left, top] = [random.int(size) - (side >> 1), random.int(size) - (side >> 1)]
  const steps: (AugmentStep | false)[] = [
    config.shift > 0 && { op: 'shift', ...shift },
    config.zoom > 0 && { op: 'zoom', factor: zoom },
    config.rotation > 0 && { op: 'rotate', degrees },
    config.flip && flip && { op: 'flip' },
    ...drawRandAugment(config.randAugment, random),
    ...jitter.filter(({ op }) => config[op as 'brightness' | 'contrast' | 'saturation' | 'hue'] > 0),
    gray && { op: 'grayscale' },
    blurred && { op: 'blur', sigma },
    config.noise > 0 && { op: 'noise', deviation: config.noise, seed: noiseSeed },
    side > 0 && { op: 'cutout', left, top, side }
  ]
  return steps.filter((step) => step !== false)
}

/** Whether two epochs can differ. */
export function isAugmenting(config: AugmentationConfig): boolean {
  const { flip, shift, zoom, rotation, brightness, contrast, saturation, hue, grayscale, blur, noise, cutout } = config
  const amounts = [shift, zoom, rotation, brightness, contrast, saturation, hue, grayscale, blur, noise, cutout]
  return flip || amounts.some((amount) => amount > 0) || config.randAugment.operations > 0
}

/** Pixels beyond the contract's square, on each side, that its corners are looked up in, within bounds. */
export function marginOf(config: AugmentationConfig, size: number): number {
  const angle = (Math.min(config.rotation, 45) * Math.PI) / 180
  const corner = (1 + config.zoom) * (Math.cos(angle) + Math.sin(angle)) - 1
  const reach = config.shift + corner / 2 + randAugmentReach(config.randAugment)
  const steps = Math.max(0, Math.ceil(Math.min(reach, WIDEST_MARGIN) * MARGIN_STEPS - 1e-9))
  return Math.round((steps * size) / MARGIN_STEPS)
}
