/** What happened to a picture, in words. */
import type { AugmentStep } from './steps'

const percent = (share: number): string => `${Math.round(Math.abs(share) * 100)} %`
const moreOrLess = (factor: number, more: string, less: string): string | null =>
  percent(factor - 1) === '0 %' ? null : `${percent(factor - 1)} ${factor > 1 ? more : less}`

/** 'mirrored, turned 6° clockwise, 8 % closer'; 'unchanged' when no step can be seen. */
export function describeSteps(steps: readonly AugmentStep[]): string {
  return steps.map(describe).filter(Boolean).join(', ') || 'unchanged'
}

function describe(step: AugmentStep): string | null {
  switch (step.op) {
    case 'flip':
      return 'mirrored'
    case 'shift':
      return percent(Math.hypot(step.x, step.y)) === '0 %' ? null : `moved ${percent(Math.hypot(step.x, step.y))}`
    case 'zoom':
      return moreOrLess(step.factor, 'farther', 'closer')
    case 'rotate': {
      const degrees = Math.round(step.degrees)
      return degrees === 0 ? null : `turned ${Math.abs(degrees)}° ${degrees > 0 ? 'clockwise' : 'anticlockwise'}`
    }
    case 'shear':
      return 'slanted'
    case 'brightness':
      return moreOrLess(step.factor, 'brighter', 'darker')
    case 'contrast':
      return moreOrLess(step.factor, 'more contrast', 'less contrast')
    case 'saturation':
      return moreOrLess(step.factor, 'more colourful', 'paler')
    case 'hue':
      return Math.round(step.turn * 360) === 0 ? null : `hues turned ${Math.round(Math.abs(step.turn) * 360)}°`
    case 'grayscale':
      return 'without colour'
    case 'sharpness':
      return moreOrLess(step.factor, 'sharper', 'softer')
    case 'posterize':
      return step.bits >= 8 ? null : `${2 ** step.bits} levels a channel`
    case 'solarize':
      return 'bright parts inverted'
    case 'autocontrast':
      return 'contrast stretched'
    case 'equalize':
      return 'histogram flattened'
    case 'blur':
      return 'blurred'
    case 'noise':
      return 'noisy'
    case 'cutout':
      return 'a square hidden'
  }
}
