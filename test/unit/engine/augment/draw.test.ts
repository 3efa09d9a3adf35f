import { describe, expect, it } from 'vitest'
import { augmentationConfigSchema, type AugmentationConfig } from '@shared/domain/training-config'
import { augment } from '../../../../main/engine/data/augment/augment'
import { describeSteps } from '../../../../main/engine/data/augment/describe'
import { drawSteps, isAugmenting, marginOf } from '../../../../main/engine/data/augment/draw'
import type { AugmentStep } from '../../../../main/engine/data/augment/steps'

const SIZE = 32
const OFF: AugmentationConfig = augmentationConfigSchema.parse({ flip: false, shift: 0, zoom: 0 })
const ALL: AugmentationConfig = {
  flip: true,
  shift: 0.1,
  zoom: 0.2,
  rotation: 15,
  brightness: 0.3,
  contrast: 0.3,
  saturation: 0.4,
  hue: 0.1,
  grayscale: 0.2,
  blur: 0.5,
  noise: 8,
  cutout: 0.25,
  randAugment: { operations: 2, magnitude: 6 }
}
const picture = {
  width: SIZE,
  height: SIZE,
  data: Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, index) => (index * 7919) % 256)
}
const stepOf = <O extends AugmentStep['op']>(steps: readonly AugmentStep[], op: O) =>
  steps.find((step): step is Extract<AugmentStep, { op: O }> => step.op === op)
const draws = (config: AugmentationConfig, count: number): AugmentStep[][] =>
  Array.from({ length: count }, (_, imageId) => drawSteps(config, { seed: 1, epoch: 1, imageId }, SIZE))

describe('what is drawn', () => {
  it('depends on seed, epoch, image and repetition, and on nothing else', () => {
    const key = { seed: 7, epoch: 3, imageId: 42 }
    const one = augment(picture, ALL, key)
    expect(augment(picture, ALL, key)).toEqual(one)
    for (const change of [{ seed: 8 }, { epoch: 4 }, { imageId: 43 }, { repeat: 1 }]) {
      expect(augment(picture, ALL, { ...key, ...change }).data).not.toEqual(one.data)
    }
  })

  it('is nothing when nothing is asked for: the same bytes', () => {
    expect(isAugmenting(OFF)).toBe(false)
    for (const steps of draws(OFF, 50)) expect(steps).toEqual([])
    expect(augment(picture, OFF, { seed: 1, epoch: 1, imageId: 1 }).data).toEqual(picture.data)
  })

  it.each(
    Object.entries(ALL).filter(([key]) => key !== 'randAugment') as [
      Exclude<keyof AugmentationConfig, 'randAugment'>,
      number
    ][]
  )('%s alone is an augmentation, and brings its own steps only', (key, value) => {
    const config = { ...OFF, [key]: value }
    expect(isAugmenting(config)).toBe(true)
    const op = key === 'rotation' ? 'rotate' : key
    expect(new Set(draws(config, 60).flatMap((steps) => steps.map((step) => step.op)))).toEqual(new Set([op]))
  })

  it('stays as it was where another setting is switched on', () => {
    const key = { seed: 5, epoch: 2, imageId: 9 }
    const shift = stepOf(drawSteps({ ...OFF, shift: 0.1 }, key, SIZE), 'shift')
    expect(stepOf(drawSteps({ ...ALL, randAugment: { operations: 0, magnitude: 0 } }, key, SIZE), 'shift')).toEqual(
      shift
    )
  })

  it('stays within what the configuration allows, and uses all of it', () => {
    const all = draws({ ...ALL, randAugment: { operations: 0, magnitude: 0 } }, 2000)
    const spread = (values: number[], reach: number): void => {
      expect(Math.max(...values)).toBeLessThanOrEqual(reach)
      expect(Math.max(...values)).toBeGreaterThan(0.97 * reach)
      expect(Math.min(...values)).toBeGreaterThanOrEqual(-reach)
      expect(Math.min(...values)).toBeLessThan(-0.97 * reach)
    }
    spread(
      all.map((steps) => stepOf(steps, 'shift')!.x),
      ALL.shift
    )
    spread(
      all.map((steps) => stepOf(steps, 'shift')!.y),
      ALL.shift
    )
    spread(
      all.map((steps) => stepOf(steps, 'zoom')!.factor - 1),
      ALL.zoom + 1e-12
    )
    spread(
      all.map((steps) => stepOf(steps, 'rotate')!.degrees),
      ALL.rotation
    )
    spread(
      all.map((steps) => stepOf(steps, 'hue')!.turn),
      ALL.hue
    )
    spread(
      all.map((steps) => stepOf(steps, 'contrast')!.factor - 1),
      ALL.contrast + 1e-12
    )
    const share = (op: AugmentStep['op']): number => all.filter((steps) => stepOf(steps, op)).length / all.length
    for (const [op, expected] of [
      ['flip', 0.5],
      ['grayscale', 0.2],
      ['blur', 0.5]
    ] as const) {
      expect(Math.abs(share(op) - expected)).toBeLessThan(0.05)
    }
    for (const steps of all) {
      const { left, top, side } = stepOf(steps, 'cutout')!
      expect(side).toBe(8)
      // Its centre lies in the picture.
      for (const from of [left, top]) expect(from + 4 >= 0 && from + 4 < SIZE).toBe(true)
    }
    // Colour jitter comes in every order.
    const orders = new Set(
      all.map((steps) =>
        steps
          .filter(({ op }) => ['brightness', 'contrast', 'saturation', 'hue'].includes(op))
          .map(({ op }) => op)
          .join()
      )
    )
    expect(orders.size).toBe(24)
  })

  it('RandAugment draws as many operations as asked for, of one strength', () => {
    const strength = (magnitude: number) => draws({ ...OFF, randAugment: { operations: 3, magnitude } }, 500).flat()
    expect(
      Math.max(...draws({ ...OFF, randAugment: { operations: 3, magnitude: 5 } }, 500).map(({ length }) => length))
    ).toBe(3)
    const degrees = strength(5)
      .filter((step) => step.op === 'rotate')
      .map((step) => Math.abs(step.degrees))
    expect(new Set(degrees)).toEqual(new Set([15]))
    expect(new Set(strength(10).map(({ op }) => op))).toEqual(
      new Set([
        'shear',
        'shift',
        'rotate',
        'brightness',
        'saturation',
        'contrast',
        'sharpness',
        'posterize',
        'solarize',
        'autocontrast',
        'equalize'
      ])
    )
  })
})

describe('the margin that is decoded', () => {
  it('is nothing where nothing moves', () => {
    expect(
      marginOf({ ...ALL, shift: 0, zoom: 0, rotation: 0, randAugment: { operations: 0, magnitude: 9 } }, 224)
    ).toBe(0)
  })

  it('reaches as far as shift and zoom do, in sixteenths of the side, and never beyond a quarter', () => {
    // 0.06 + 0.1 / 2 = 0.11 of the side: two sixteenths.
    expect(marginOf({ ...OFF, shift: 0.06, zoom: 0.1 }, 224)).toBe(28)
    expect(marginOf({ ...OFF, shift: 0.0625 }, 224)).toBe(14)
    expect(marginOf({ ...OFF, shift: 0.5 }, 224)).toBe(56)
    // A corner of the square, turned by 10°: (cos 10° + sin 10° − 1) / 2 = 0.079.
    expect(marginOf({ ...OFF, rotation: 10 }, 224)).toBe(28)
  })
})

describe('what happened, in words', () => {
  it('names each step, and what cannot be seen not at all', () => {
    expect(describeSteps([])).toBe('unchanged')
    expect(
      describeSteps([
        { op: 'shift', x: 0.001, y: 0 },
        { op: 'zoom', factor: 1.001 }
      ])
    ).toBe('unchanged')
    expect(
      describeSteps([
        { op: 'zoom', factor: 0.92 },
        { op: 'rotate', degrees: -6.2 },
        { op: 'flip' },
        { op: 'brightness', factor: 1.2 }
      ])
    ).toBe('8 % closer, turned 6° anticlockwise, mirrored, 20 % brighter')
  })
})
