/**
 * Pictures for trying contracts: discs of many sizes that cover each other, in the colours of photographs. Such 'dead leaves' have
 * the edges and the spectrum of natural images (Lee, Mumford & Huang 2001), so that a network's first layers answer as they do to
 * those, and no photograph has to come with the program.
 */
import { createRandom, type Random } from '@shared/random'

/** Mean and standard deviation of ImageNet's red, green and blue, 0–255; what the three channels share is most of it. */
const MEAN = [123.7, 116.3, 103.5]
const SHARED_DEVIATION = 52
const OWN_DEVIATION = 22
const LEAVES = 600

/** @returns each size × size × 3, values 0–255, red, green, blue; the same for the same arguments. */
export function deadLeaves(count: number, size: number, seed = 11): Uint8Array[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => picture(size, random))
}

function picture(size: number, random: Random): Uint8Array {
  const pixels = new Float32Array(size * size * 3)
  const [smallest, largest] = [size / 100, size / 2]
  for (let leaf = 0; leaf < LEAVES; leaf++) {
    // Radii fall off by the third power, which makes the picture look the same at every scale.
    const share = leaf < 8 ? 0 : random.float()
    const radius = 1 / Math.sqrt((1 - share) / largest ** 2 + share / smallest ** 2)
    const [x, y] = [random.float() * size, random.float() * size]
    const light = SHARED_DEVIATION * random.normal()
    const color = MEAN.map((mean) => mean + light + OWN_DEVIATION * random.normal())
    // Light falls off across a surface, and surfaces are rough.
    const [slope, grain] = [random.normal() * 0.3, 6 * random.float()]
    paint(pixels, size, { x, y, radius, color, slope, grain }, random)
  }
  return Uint8Array.from(pixels, (value) => Math.min(Math.max(Math.round(value), 0), 255))
}

interface Leaf {
  x: number
  y: number
  radius: number
  color: number[]
  slope: number
  grain: number
}

function paint(pixels: Float32Array, size: number, leaf: Leaf, random: Random): void {
  const { x, y, radius, color, slope, grain } = leaf
  for (let row = Math.max(0, Math.ceil(y - radius)); row < Math.min(size, y + radius); row++) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (row - y) ** 2))
    for (let column = Math.max(0, Math.ceil(x - half)); column < Math.min(size, x + half); column++) {
      const shade = (slope * 40 * (column - x)) / radius + grain * random.normal()
      for (let channel = 0; channel < 3; channel++)
        pixels[(row * size + column) * 3 + channel] = color[channel]! + shade
    }
  }
}
