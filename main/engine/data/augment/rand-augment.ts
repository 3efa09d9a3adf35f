/**
 * RandAugment (Cubuk, Zoph, Shlens & Le 2020, https://arxiv.org/abs/1909.13719): a number of operations, drawn with replacement
 * from fourteen, all at one magnitude of 0–10. Ranges at magnitude 10 as in torchvision.transforms.RandAugment.
 */
import type { Random } from '@shared/random'
import type { AugmentStep } from './steps'

export interface RandAugmentConfig {
  /** 0 switches it off. */
  operations: number
  /** 0–10. */
  magnitude: number
}

/** Largest shift, as a share of the side: 150 of 331 pixels. */
const SHIFT = 150 / 331
const SHEAR = 0.3
const DEGREES = 30
/** Of a factor from 1. */
const ENHANCE = 0.9
const POSTERIZED_BITS = 4

/** @param strength 0–1. @param sign 1 or −1, for what has two directions */
type Operation = (strength: number, sign: number) => AugmentStep | null

const OPERATIONS: readonly Operation[] = [
  () => null,
  (strength, sign) => ({ op: 'shear', x: sign * strength * SHEAR, y: 0 }),
  (strength, sign) => ({ op: 'shear', x: 0, y: sign * strength * SHEAR }),
  (strength, sign) => ({ op: 'shift', x: sign * strength * SHIFT, y: 0 }),
  (strength, sign) => ({ op: 'shift', x: 0, y: sign * strength * SHIFT }),
  (strength, sign) => ({ op: 'rotate', degrees: sign * strength * DEGREES }),
  (strength, sign) => ({ op: 'brightness', factor: 1 + sign * strength * ENHANCE }),
  (strength, sign) => ({ op: 'saturation', factor: 1 + sign * strength * ENHANCE }),
  (strength, sign) => ({ op: 'contrast', factor: 1 + sign * strength * ENHANCE }),
  (strength, sign) => ({ op: 'sharpness', factor: 1 + sign * strength * ENHANCE }),
  (strength) => ({ op: 'posterize', bits: 8 - Math.round(strength * POSTERIZED_BITS) }),
  (strength) => ({ op: 'solarize', threshold: 255 * (1 - strength) }),
  () => ({ op: 'autocontrast' }),
  () => ({ op: 'equalize' })
]

export function drawRandAugment({ operations, magnitude }: RandAugmentConfig, random: Random): AugmentStep[] {
  return Array.from({ length: operations }, () => {
    const operation = OPERATIONS[random.int(OPERATIONS.length)]!
    return operation(magnitude / 10, random.float() < 0.5 ? 1 : -1)
  }).filter((step) => step !== null)
}

/** How far beyond the square one operation can reach, as a share of its side. */
export const randAugmentReach = ({ operations, magnitude }: RandAugmentConfig): number =>
  operations === 0 ? 0 : (magnitude / 10) * SHIFT
