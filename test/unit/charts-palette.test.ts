import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  contrastRatio,
  faint,
  hexChannels,
  RUN_COLORS,
  runColor,
  runDash,
  runMarker,
  withOpacity
} from '../../renderer/charts/palette'

const tokens = readFileSync(fileURLToPath(new URL('../../renderer/theme/tokens.css', import.meta.url)), 'utf8')
const backgrounds = [...tokens.matchAll(/--ui-bg: (#[0-9a-f]{6})/g)].map(([, color]) => color!)

/** Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB. */
const SIGHT = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039]
}

/** The colour as that eye sees it, in Oklab (Ottosson 2020). */
function seen(hex: string, sight: readonly number[]): [number, number, number] {
  const linear = hexChannels(hex).map((channel) => {
    const value = channel / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  const row = (matrix: readonly number[], at: number, vector: readonly number[]): number =>
    matrix[at]! * vector[0]! + matrix[at + 1]! * vector[1]! + matrix[at + 2]! * vector[2]!
  const rgb = [0, 3, 6].map((at) => Math.min(1, Math.max(0, row(sight, at, linear))))
  const toCone = [
    0.4122214708, 0.5363325363, 0.0514459929, 0.2119034982, 0.6806995451, 0.1073969566, 0.0883024619, 0.2817188376,
    0.6299787005
  ]
  const cones = [0, 3, 6].map((at) => Math.cbrt(row(toCone, at, rgb)))
  const toLab = [
    0.2104542553, 0.793617785, -0.0040720468, 1.9779984951, -2.428592205, 0.4505937099, 0.0259040371, 0.7827717662,
    -0.808675766
  ]
  return [0, 3, 6].map((at) => row(toLab, at, cones)) as [number, number, number]
}

describe('palette', () => {
  it('has 3 : 1 contrast on the background of each theme', () => {
    const [light, dark] = backgrounds
    expect(backgrounds).toHaveLength(2)
    for (const color of RUN_COLORS) {
      expect(contrastRatio(color.light, light!)).toBeGreaterThanOrEqual(3)
      expect(contrastRatio(color.dark, dark!)).toBeGreaterThanOrEqual(3)
    }
  })

  it.each(Object.entries(SIGHT))('keeps any two colours apart: %s', (_, sight) => {
    for (const theme of ['light', 'dark'] as const) {
      const colors = RUN_COLORS.map((color) => seen(color[theme], sight))
      colors.forEach((a, index) =>
        colors.slice(index + 1).forEach((b) => {
          expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(0.05)
        })
      )
    }
  })

  it('gives forty runs forty pairs of colour and dash', () => {
    const pairs = Array.from({ length: 40 }, (_, index) => `${runColor(index)} ${runDash(index).join(',')}`)
    expect(new Set(pairs).size).toBe(40)
  })

  it('takes any index, and the same index always gets the same colour', () => {
    expect(runColor(8)).toBe(runColor(0))
    expect(runColor(-1)).toBe(runColor(7))
    expect(runColor(3, true)).toBe(RUN_COLORS[3]!.dark)
    runDash(0).push(1)
    expect(runDash(0)).toEqual([])
  })

  it('gives the runs of one colour four markers in turn', () => {
    expect(new Set([2, 10, 18, 26].map(runMarker)).size).toBe(4)
    expect(new Set([0, 1, 2, 3].map(runMarker)).size).toBe(4)
  })

  it('knows contrast and opacity', () => {
    expect(faint('#102030')).toBe('rgb(16 32 48 / 0.25)')
    expect(faint('rgb(16, 32, 48)')).toBe('rgba(16, 32, 48, 0.35)')
    expect(contrastRatio('#ffffff', '#000000')).toBeCloseTo(21, 5)
    expect(withOpacity('#102030', 0.5)).toBe('rgb(16 32 48 / 0.5)')
  })
})
