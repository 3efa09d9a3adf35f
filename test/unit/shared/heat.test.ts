import { describe, expect, it } from 'vitest'
import { HEAT_COLOURS } from '@shared/heat/colours'
import { coverage, decodeCells, paintHeat } from '@shared/heat/paint'

type Triple = [number, number, number]

const colour = (step: number): Triple => [...HEAT_COLOURS.subarray(step * 3, step * 3 + 3)] as Triple
const linear = (byte: number): number => {
  const value = byte / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
const multiply = (matrix: readonly Triple[], vector: Triple): Triple =>
  matrix.map((row) => row.reduce((sum, value, index) => sum + value * vector[index]!, 0)) as Triple

/** CIELAB for D65: another space than the one that the colours were chosen in. */
function cielab(rgb: Triple): Triple {
  const toXyz: Triple[] = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.072175],
    [0.0193339, 0.119192, 0.9503041]
  ]
  const [x, y, z] = multiply(toXyz, rgb)
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)
  const [a, b, c] = [f(x / 0.95047), f(y), f(z / 1.08883)]
  return [116 * b - 16, 500 * (a - b), 200 * (b - c)]
}

/** OKLab, from its definition: https://bottosson.github.io/posts/oklab/ */
function oklab(rgb: Triple): Triple {
  const toCones: Triple[] = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005]
  ]
  const fromCones: Triple[] = [
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766]
  ]
  return multiply(fromCones, multiply(toCones, rgb).map(Math.cbrt) as Triple)
}

/** What people without red or green cones see: Viénot, Brettel & Mollon 1999, on linear RGB. */
const BLINDNESS: Record<string, Triple[]> = {
  protanopia: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1]
  ],
  deuteranopia: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1]
  ]
}
const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
/** Every 16th colour: neighbours differ by the rounding to bytes. */
const steps = Array.from({ length: 16 }, (_, index) => colour(index * 17).map(linear) as Triple)

describe('heat colours', () => {
  it('get lighter all the way, so that they also order in grey', () => {
    const lightness = steps.map((rgb) => cielab(rgb)[0])
    for (let index = 1; index < 16; index++) expect(lightness[index]!).toBeGreaterThan(lightness[index - 1]! + 2)
    expect(lightness[15]! - lightness[0]!).toBeGreaterThan(60)
  })

  it('differ alike from step to step', () => {
    const differences = steps.slice(1).map((rgb, index) => distance(oklab(rgb), oklab(steps[index]!)))
    expect(Math.max(...differences) / Math.min(...differences)).toBeLessThan(1.15)
  })

  it.each(Object.keys(BLINDNESS))('are told apart with %s', (kind) => {
    const seen = steps.map((rgb) => cielab(multiply(BLINDNESS[kind]!, rgb)))
    for (let index = 1; index < 16; index++) {
      expect(distance(seen[index]!, seen[index - 1]!)).toBeGreaterThan(4)
      expect(seen[index]![0]).toBeGreaterThan(seen[index - 1]![0])
    }
  })
})

describe('a painted heat map', () => {
  const cells = { width: 2, height: 2, values: Uint8Array.of(0, 255, 0, 51) }
  const at = (painted: Uint8ClampedArray, x: number, y: number): number[] => [
    ...painted.subarray((y * 8 + x) * 4, (y * 8 + x) * 4 + 4)
  ]

  it('has the values of the cells, blended between them, clear where there is nothing', () => {
    const painted = paintHeat(cells, 8, 8)
    expect(at(painted, 0, 0)[3]).toBe(0)
    expect(at(painted, 7, 0)).toEqual([...colour(255), 255])
    expect(at(painted, 7, 7)).toEqual([...colour(51), Math.round(255 * coverage(0.2))])
    const between = [2, 3, 4, 5].map((x) => at(painted, x, 0)[3]!)
    expect(between).toEqual([...between].sort((a, b) => a - b))
  })

  it('is fainter on a scale that another map has set', () => {
    expect(at(paintHeat(cells, 8, 8, 0.4), 7, 0)).toEqual([...colour(102), Math.round(255 * coverage(0.4))])
  })

  it('comes out of base64', () => {
    expect(decodeCells(Buffer.from(cells.values).toString('base64'))).toEqual(cells.values)
  })
})
