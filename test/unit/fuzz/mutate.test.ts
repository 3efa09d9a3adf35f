import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { mutate } from '../../fuzz/mutate'

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1)

describe('damage', () => {
  it.each(['model.h5', 'model.json'])('to %s leaves the original as it was', (name) => {
    const text = JSON.stringify({ layers: [{ name: 'a', units: 3 }, { name: 'b' }], version: '3.0' })
    const original = Buffer.from(text)
    for (const seed of SEEDS) mutate(name, original, createRandom(seed))
    expect(original.toString()).toBe(text)
  })

  it('is another for each number, and the same for the same', () => {
    const original = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const damaged = SEEDS.map((seed) => Buffer.from(mutate('model', original, createRandom(seed))).toString('hex'))
    expect(new Set(damaged).size).toBeGreaterThan(0.9 * SEEDS.length)
    expect(damaged.filter((hex) => hex === original.toString('hex')).length).toBeLessThan(0.05 * SEEDS.length)
    expect(Buffer.from(mutate('model', original, createRandom(7))).toString('hex')).toBe(damaged[6])
  })
})
