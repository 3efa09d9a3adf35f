import { describe, expect, it } from 'vitest'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { normalize } from '../../../../main/engine/data/preprocess'
import {
  drawGlance,
  glanceAt,
  isAugmenting,
  marginOf,
  type Glance
} from '../../../../main/engine/training/finetune/augment'

const SIZE = 16
const contract: PreprocessingContract = {
  size: SIZE,
  colorOrder: 'RGB',
  mean: [100, 120, 140],
  std: [50, 60, 70],
  filter: 'bilinear',
  crop: 'squash',
  cropFraction: 1
}
const config = { flip: true, shift: 0.25, zoom: 0.25 }

/** A picture whose value tells where a pixel lies: red counts columns, green counts rows. */
function picture(margin: number) {
  const side = SIZE + 2 * margin
  const data = new Uint8Array(side * side * 3)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) data.set([x * 4, y * 4, (x * y) % 251], (y * side + x) * 3)
  }
  return { width: side, height: side, data }
}

const STRAIGHT: Glance = { flip: false, shift: [0, 0], zoom: 1 }

function look(glance: Partial<Glance>, margin = 6, order: 'RGB' | 'BGR' = 'RGB'): Float32Array {
  const out = new Float32Array(SIZE * SIZE * 3)
  glanceAt(picture(margin), { ...STRAIGHT, ...glance }, { ...contract, colorOrder: order }, out, 0)
  return out
}

/** The column, or row, of the source that an output pixel shows. */
const source = (values: Float32Array, x: number, y: number, axis: 0 | 1): number =>
  (values[(y * SIZE + x) * 3 + axis]! * contract.std[axis] + contract.mean[axis]) / 4

describe('a glance at a picture', () => {
  it.each(['RGB', 'BGR'] as const)('straight ahead sees what evaluation sees, in %s', (colorOrder) => {
    const square = new Uint8Array(SIZE * SIZE * 3)
    const whole = picture(6)
    for (let y = 0; y < SIZE; y++) {
      const start = ((y + 6) * whole.width + 6) * 3
      square.set(whole.data.subarray(start, start + SIZE * 3), y * SIZE * 3)
    }
    const expected = normalize(square, { ...contract, colorOrder })
    const seen = look({}, 6, colorOrder)
    seen.forEach((value, place) => expect(value).toBeCloseTo(expected[place]!, 5))
  })

  it('mirrors left and right, not up and down', () => {
    const seen = look({ flip: true })
    expect(source(seen, 0, 3, 0)).toBeCloseTo(6 + SIZE - 1, 3)
    expect(source(seen, SIZE - 1, 3, 0)).toBeCloseTo(6, 3)
    expect(source(seen, 0, 3, 1)).toBeCloseTo(6 + 3, 3)
  })

  it('shifts by shares of the side, between pixels where need be', () => {
    const seen = look({ shift: [0.125, -0.09375] })
    expect(source(seen, 0, 0, 0)).toBeCloseTo(6 + 2, 3)
    expect(source(seen, 5, 5, 1)).toBeCloseTo(6 + 5 - 1.5, 3)
  })

  it('keeps the centre where it is when it zooms', () => {
    const seen = look({ zoom: 1.25 })
    const middle = (source(seen, 7, 7, 0) + source(seen, 8, 8, 0)) / 2
    expect(middle).toBeCloseTo(6 + SIZE / 2 - 0.5, 3)
    expect(source(seen, 15, 0, 0) - source(seen, 0, 0, 0)).toBeCloseTo(15 * 1.25, 2)
  })

  it('repeats the edge beyond the picture', () => {
    const seen = look({ shift: [1, 0] }, 0)
    expect(source(seen, SIZE - 1, 0, 0)).toBeCloseTo(SIZE - 1, 3)
  })
})

describe('drawing glances', () => {
  it('depends on seed, epoch and image, and on nothing else', () => {
    const one = drawGlance(config, 7, 3, 42)
    expect(drawGlance(config, 7, 3, 42)).toEqual(one)
    for (const other of [drawGlance(config, 8, 3, 42), drawGlance(config, 7, 4, 42), drawGlance(config, 7, 3, 43)]) {
      expect(other.shift).not.toEqual(one.shift)
    }
  })

  it('stays within what the configuration allows, and uses all of it', () => {
    const glances = Array.from({ length: 2000 }, (_, id) => drawGlance(config, 1, 1, id))
    const flipped = glances.filter(({ flip }) => flip).length / glances.length
    expect(flipped).toBeGreaterThan(0.45)
    expect(flipped).toBeLessThan(0.55)
    for (const values of [glances.map(({ shift }) => shift[0]), glances.map(({ zoom }) => zoom - 1)]) {
      expect(Math.max(...values)).toBeLessThanOrEqual(0.25)
      expect(Math.max(...values)).toBeGreaterThan(0.24)
      expect(Math.min(...values)).toBeLessThan(-0.24)
    }
    expect(
      glances.every(({ zoom, shift }) => zoom / 2 + Math.abs(shift[0]) <= 0.5 + marginOf(config, SIZE) / SIZE)
    ).toBe(true)
  })

  it('never flips where flipping is off', () => {
    const still = { flip: false, shift: 0, zoom: 0 }
    expect(isAugmenting(still)).toBe(false)
    expect(isAugmenting({ ...still, zoom: 0.1 })).toBe(true)
    const { shift, zoom } = drawGlance(still, 1, 1, 1)
    expect([...shift.map(Math.abs), zoom]).toEqual([0, 0, 1])
    expect(Array.from({ length: 50 }, (_, id) => drawGlance(still, 1, 1, id).flip)).not.toContain(true)
  })
})
