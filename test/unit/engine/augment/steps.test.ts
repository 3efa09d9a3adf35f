import { describe, expect, it } from 'vitest'
import { applySteps } from '../../../../main/engine/data/augment/apply'
import type { AugmentStep, PixelStep } from '../../../../main/engine/data/augment/steps'
import type { PixelImage } from '../../../../main/engine/data/resample'

const image = (width: number, height: number, data: readonly number[]): PixelImage => ({
  width,
  height,
  data: Uint8Array.from(data)
})
/** Grey, row by row. */
const gray = (rows: readonly (readonly number[])[]): PixelImage =>
  image(
    rows[0]!.length,
    rows.length,
    rows.flat().flatMap((value) => [value, value, value])
  )
const reds = ({ width, data }: PixelImage): number[][] => {
  const values = Array.from({ length: data.length / 3 }, (_, pixel) => data[pixel * 3]!)
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width))
}
const geometry = (rows: readonly (readonly number[])[], steps: AugmentStep[], size = rows.length): number[][] =>
  reds(applySteps(gray(rows), steps, size))
/** One step on pixels of a row. */
const colors = (pixels: readonly (readonly number[])[], step: PixelStep): number[][] => {
  const side = Math.ceil(Math.sqrt(pixels.length))
  const rest = Array.from({ length: side * side - pixels.length }, () => pixels.at(-1)!)
  const { data } = applySteps(image(side, side, [...pixels, ...rest].flat()), [step], side)
  return pixels.map((_, pixel) => [...data.subarray(pixel * 3, pixel * 3 + 3)])
}

const NINE = [
  [10, 20, 30],
  [40, 50, 60],
  [70, 80, 90]
]

describe('geometry', () => {
  it('without a step gives the same bytes, in memory of their own', () => {
    const source = image(
      5,
      5,
      Array.from({ length: 75 }, (_, index) => (index * 37) % 256)
    )
    const result = applySteps(source, [], 5)
    expect(result).toEqual(source)
    expect(result.data).not.toBe(source.data)
    // A step that does nothing is no reason to sample.
    const idle: AugmentStep[] = [
      { op: 'rotate', degrees: 0 },
      { op: 'zoom', factor: 1 }
    ]
    expect(applySteps(source, idle, 5)).toEqual(source)
  })

  it('cuts the middle out of a margin', () => {
    expect(geometry(NINE, [], 1)).toEqual([[50]])
  })

  it('mirrors left and right', () => {
    expect(geometry(NINE, [{ op: 'flip' }])).toEqual(NINE.map((row) => [...row].reverse()))
  })

  it('shifts by shares of the side, and repeats the edge beyond it', () => {
    expect(geometry(NINE, [{ op: 'shift', x: 1 / 3, y: 0 }])).toEqual([
      [20, 30, 30],
      [50, 60, 60],
      [80, 90, 90]
    ])
    // Half a pixel down: the mean of two rows.
    expect(geometry(NINE, [{ op: 'shift', x: 0, y: 1 / 6 }])).toEqual([
      [25, 35, 45],
      [55, 65, 75],
      [70, 80, 90]
    ])
  })

  it('zooms about the centre, with half-pixel centres', () => {
    // Output centres ±0.5 of two pixels lie at ±0.25 of the source: a quarter of the way between its two.
    const halves = [
      [0, 100],
      [0, 100]
    ]
    expect(geometry(halves, [{ op: 'zoom', factor: 0.5 }])).toEqual([
      [25, 75],
      [25, 75]
    ])
    expect(geometry(NINE, [{ op: 'zoom', factor: 0.5 }])[1]).toEqual([45, 50, 55])
  })

  it('turns clockwise', () => {
    expect(geometry(NINE, [{ op: 'rotate', degrees: 90 }])).toEqual([
      [70, 40, 10],
      [80, 50, 20],
      [90, 60, 30]
    ])
  })

  it('samples the picture bilinearly between pixels when it turns', () => {
    // By 45°, the corner's centre (−1, −1) lies at (−√2, 0) from the middle: beyond the left edge, halfway down.
    const turned = geometry(NINE, [{ op: 'rotate', degrees: 45 }])
    expect(turned[0]![0]).toBe(40)
    expect(turned[1]![1]).toBe(50)
    // (0, −1) lies at (−√½, −√½): 0.7071 of the way to the corner along both axes.
    expect(turned[0]![1]).toBe(Math.round(50 - Math.SQRT1_2 * 10 - Math.SQRT1_2 * 30))
  })

  it('slants rows against each other', () => {
    // Row 1 below the centre is looked up one pixel to the right.
    expect(geometry(NINE, [{ op: 'shear', x: 1, y: 0 }])).toEqual([
      [10, 10, 20],
      [40, 50, 60],
      [80, 90, 90]
    ])
  })

  it('does steps one after another: turned, then moved, is not moved, then turned', () => {
    const turn: AugmentStep = { op: 'rotate', degrees: 90 }
    const right: AugmentStep = { op: 'shift', x: 1 / 3, y: 0 }
    expect(geometry(NINE, [turn, right])).toEqual([
      [40, 10, 10],
      [50, 20, 20],
      [60, 30, 30]
    ])
    expect(geometry(NINE, [right, turn])).toEqual([
      [80, 50, 20],
      [90, 60, 30],
      [90, 60, 30]
    ])
  })
})

describe('colour', () => {
  it('brightness multiplies and clips', () => {
    expect(colors([[10, 100, 200]], { op: 'brightness', factor: 1.5 })).toEqual([[15, 150, 255]])
    expect(colors([[10, 100, 200]], { op: 'brightness', factor: 0 })).toEqual([[0, 0, 0]])
  })

  it('contrast spreads values about the mean grey', () => {
    const four = [
      [50, 50, 50],
      [50, 50, 50],
      [150, 150, 150],
      [150, 150, 150]
    ]
    expect(colors(four, { op: 'contrast', factor: 1.5 }).map(([red]) => red)).toEqual([25, 25, 175, 175])
    expect(colors(four, { op: 'contrast', factor: 0 }).map(([red]) => red)).toEqual([100, 100, 100, 100])
  })

  it('saturation moves channels away from the pixel’s grey, or onto it', () => {
    // Grey of (200, 100, 50): 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2.
    expect(colors([[200, 100, 50]], { op: 'saturation', factor: 0 })).toEqual([[124, 124, 124]])
    expect(colors([[200, 100, 50]], { op: 'saturation', factor: 0.5 })).toEqual([[162, 112, 87]])
    expect(colors([[200, 100, 50]], { op: 'grayscale' })).toEqual([[124, 124, 124]])
  })

  it('hue goes round the circle by shares of it', () => {
    const primaries = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [90, 90, 90]
    ]
    expect(colors(primaries, { op: 'hue', turn: 1 / 3 })).toEqual([
      [0, 255, 0],
      [0, 0, 255],
      [255, 0, 0],
      [90, 90, 90]
    ])
    expect(colors([[255, 0, 0]], { op: 'hue', turn: 1 / 6 })).toEqual([[255, 255, 0]])
    expect(colors([[255, 0, 0]], { op: 'hue', turn: -1 / 6 })).toEqual([[255, 0, 255]])
    expect(colors([[200, 100, 50]], { op: 'hue', turn: 0 })).toEqual([[200, 100, 50]])
  })

  it('posterize keeps the high bits, solarize inverts the bright', () => {
    expect(colors([[255, 130, 17]], { op: 'posterize', bits: 3 })).toEqual([[224, 128, 0]])
    expect(colors([[255, 128, 17]], { op: 'solarize', threshold: 128 })).toEqual([[0, 127, 17]])
  })

  it('autocontrast stretches each channel by itself', () => {
    const two = [
      [50, 0, 7],
      [100, 255, 7],
      [75, 100, 7],
      [75, 100, 7]
    ]
    expect(colors(two, { op: 'autocontrast' })).toEqual([
      [0, 0, 7],
      [255, 255, 7],
      [128, 100, 7],
      [128, 100, 7]
    ])
  })

  it('equalize gives values the share of pixels below them', () => {
    // 1,024 pixels in four values of 256 each: Pillow's step is ⌊(1024 − 256) / 255⌋ = 3, its offset 1.
    const values = [10, 11, 12, 200]
    const side = 32
    const source = image(
      side,
      side,
      Array.from({ length: side * side }, (_, pixel) => values[pixel % 4]!).flatMap((value) => [value, value, 5])
    )
    const { data } = applySteps(source, [{ op: 'equalize' }], side)
    expect([0, 1, 2, 3].map((pixel) => data[pixel * 3])).toEqual([0, 85, 171, 255])
    expect(data[2]).toBe(5)
  })
})

describe('neighbourhoods', () => {
  const flat = (value: number, side = 9): number[][] =>
    Array.from({ length: side }, () => Array.from({ length: side }, () => value))

  it('blur keeps a flat picture, at both ends of the range', () => {
    for (const value of [0, 1, 254, 255]) {
      expect(geometry(flat(value), [{ op: 'blur', sigma: 1.3 }])).toEqual(flat(value))
    }
  })

  it('blur spreads a point as the Gaussian says', () => {
    const rows = flat(0)
    rows[4]![4] = 255
    const blurred = geometry(rows, [{ op: 'blur', sigma: 1 }])
    // Weights of 0, 1 and 2 pixels away, to ±3: 0.39905, 0.24204, 0.05401.
    expect(blurred[4]![4]).toBe(Math.round(255 * 0.39905 ** 2))
    expect(blurred[4]![5]).toBe(Math.round(255 * 0.39905 * 0.24204))
    expect(blurred[3]![4]).toBe(blurred[4]![5])
    expect(blurred[2]![4]).toBe(Math.round(255 * 0.39905 * 0.05401))
  })

  it('blur repeats the edge', () => {
    const rows = flat(0).map((row) => row.map((_, x) => (x < 4 ? 200 : 0)))
    const blurred = geometry(rows, [{ op: 'blur', sigma: 1 }])
    expect(blurred[0]).toEqual(blurred[8])
    expect(blurred[0]![0]).toBe(200)
    expect(blurred[0]![8]).toBe(0)
  })

  it('sharpness blends with the mean of the nine, the centre five times', () => {
    const rows = flat(0, 3)
    rows[1]![1] = 130
    // Smoothed centre: 5 · 130 / 13 = 50.
    expect(geometry(rows, [{ op: 'sharpness', factor: 0 }])[1]![1]).toBe(50)
    expect(geometry(rows, [{ op: 'sharpness', factor: 1.5 }])[1]![1]).toBe(170)
    // The outermost pixels stay.
    expect(geometry(rows, [{ op: 'sharpness', factor: 0 }])[0]).toEqual([0, 0, 0])
  })

  it('noise has the deviation asked for, no mean, and is the same for the same seed', () => {
    const side = 128
    const make = (seed: number): Uint8Array =>
      applySteps(gray(flat(128, side)), [{ op: 'noise', deviation: 12, seed }], side).data
    const values = make(7)
    const differences = [...values].map((value) => value - 128)
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
    const deviation = Math.sqrt(differences.reduce((sum, value) => sum + value * value, 0) / differences.length)
    expect(Math.abs(mean)).toBeLessThan(0.2)
    expect(deviation).toBeGreaterThan(11.7)
    expect(deviation).toBeLessThan(12.3)
    expect(make(7)).toEqual(values)
    expect(make(8)).not.toEqual(values)
  })

  it('cutout hides a square, as far as it lies in the picture', () => {
    expect(geometry(NINE, [{ op: 'cutout', left: 1, top: -1, side: 2 }])).toEqual([
      [10, 128, 128],
      [40, 50, 60],
      [70, 80, 90]
    ])
    expect(geometry(NINE, [{ op: 'cutout', left: 3, top: 0, side: 2 }])).toEqual(NINE)
  })
})
