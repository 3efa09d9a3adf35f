import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'

/** A second writing of sfc32 and splitmix32, on BigInt with explicit masks, to check the first one against. */
function reference(seed: number, stream: number, draws: number): number[] {
  const mask = 0xffffffffn
  let state = BigInt(seed >>> 0)
  const mix = (): bigint => {
    state = (state + 0x9e3779b9n) & mask
    let z = state ^ (state >> 16n)
    z = (z * 0x85ebca6bn) & mask
    z ^= z >> 13n
    z = (z * 0xc2b2ae35n) & mask
    return z ^ (z >> 16n)
  }
  let a = mix()
  let b = mix()
  let c = mix() ^ ((BigInt(stream) * 0x9e3779b9n) & mask)
  let counter = 1n
  const out: number[] = []
  for (let draw = 0; draw < 15 + draws; draw++) {
    const sum = (a + b + counter) & mask
    counter = (counter + 1n) & mask
    a = b ^ (b >> 9n)
    b = (c + (c << 3n)) & mask
    c = ((((c << 21n) | (c >> 11n)) & mask) + sum) & mask
    if (draw >= 15) out.push(Number(sum))
  }
  return out
}

describe('createRandom', () => {
  it('is sfc32', () => {
    for (const [seed, stream] of [
      [0, 0],
      [1, 0],
      [2 ** 31 - 1, 3]
    ] as const) {
      const random = createRandom(seed, stream)
      expect(Array.from({ length: 50 }, () => random.uint32())).toEqual(reference(seed, stream, 50))
    }
  })

  it('fills arrays with the same stream', () => {
    const [single, many] = [createRandom(6), createRandom(6)]
    const draws = new Int32Array(100)
    many.fill(draws)
    expect([...draws].map((bits) => bits >>> 0)).toEqual(Array.from(draws, () => single.uint32()))
    expect(many.uint32()).toBe(single.uint32())
  })

  it('gives the same order for the same seed, another for another seed or stream', () => {
    const order = (seed: number, stream?: number): string => createRandom(seed, stream).permutation(100).join()
    expect(order(7)).toBe(order(7))
    expect(order(7)).not.toBe(order(8))
    expect(order(7)).not.toBe(order(7, 1))
  })

  it('draws evenly', () => {
    const random = createRandom(5)
    const counts = new Array<number>(7).fill(0)
    for (let draw = 0; draw < 70_000; draw++) counts[random.int(7)]!++
    // Chi-squared with 6 degrees of freedom: 22.5 is exceeded once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5)
    const floats = Array.from({ length: 20_000 }, () => random.float())
    expect(Math.min(...floats)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...floats)).toBeLessThan(1)
    expect(floats.reduce((a, b) => a + b) / floats.length).toBeCloseTo(0.5, 2)
  })

  it('draws normals of mean 0 and variance 1', () => {
    const random = createRandom(11)
    const values = Array.from({ length: 40_000 }, () => random.normal())
    const mean = values.reduce((a, b) => a + b) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.02)
    expect(Math.abs(variance - 1)).toBeLessThan(0.03)
    const within = values.filter((value) => Math.abs(value) < 1.959964).length / values.length
    expect(Math.abs(within - 0.95)).toBeLessThan(0.005)
  })

  it('shuffles in place and loses nothing', () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f']
    const shuffled = createRandom(3).shuffle<string, string[]>(items)
    expect(shuffled).toBe(items)
    expect([...shuffled].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(createRandom(3).permutation(0)).toHaveLength(0)
  })
})
