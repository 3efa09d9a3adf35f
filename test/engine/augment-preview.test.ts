import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { augmentationConfigSchema } from '@shared/domain/training-config'
import { augment } from '../../main/engine/data/augment/augment'
import { marginOf } from '../../main/engine/data/augment/draw'
import { loadPixels } from '../../main/engine/data/preprocess'
import { previewAugmentation } from '../../main/engine/inference/augment-preview'

const contract: PreprocessingContract = {
  size: 48,
  colorOrder: 'BGR',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bilinear',
  crop: 'center-crop',
  cropFraction: 0.875
}
const off = augmentationConfigSchema.parse({ flip: false, shift: 0, zoom: 0 })
const turning = { ...off, rotation: 20, hue: 0.4 }
let folder: string
let paths: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'augment-preview-'))
  paths = [join(folder, 'a.jpg'), join(folder, 'b.png')]
  for (const [index, path] of paths.entries()) {
    const pixels = Uint8Array.from({ length: 80 * 60 * 3 }, (_, place) => 127 + 90 * Math.sin(place / (9 + 4 * index)))
    await sharp(pixels, { raw: { width: 80, height: 60, channels: 3 } }).toFile(path)
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const bytesOf = (picture: string): Buffer => Buffer.from(picture.slice('data:image/webp;base64,'.length), 'base64')

it('shows each picture as it is, then the pictures in turn, epoch after epoch', async () => {
  const pictures = paths.map((path, index) => ({ imageId: 11 + index, path }))
  const input = { contract, augmentation: turning, seed: 3, pictures, count: 5 }
  const shown = await previewAugmentation(input)
  expect(shown.map(({ imageId, epoch }) => [imageId, epoch])).toEqual([
    [11, 0],
    [12, 0],
    [11, 1],
    [12, 1],
    [11, 2],
    [12, 2],
    [11, 3]
  ])
  expect(shown[0]!.description).toBe('unchanged')
  expect(
    shown
      .slice(2)
      .map(({ description }) => description)
      .join('; ')
  ).toMatch(/turned \d+° (anti)?clockwise, hues turned \d+°/)
  for (const { picture } of shown) {
    const { width, height, format } = await sharp(bytesOf(picture)).metadata()
    expect([width, height, format]).toEqual([48, 48, 'webp'])
  }
  expect(new Set(shown.map(({ picture }) => picture)).size).toBe(7)
  expect(await previewAugmentation(input)).toEqual(shown)
})

it('shows the pixels that training sees', async () => {
  const pictures = [{ imageId: 7, path: paths[0]! }]
  const [, , second] = await previewAugmentation({ contract, augmentation: turning, seed: 9, pictures, count: 2 })
  const source = await loadPixels(paths[0]!, contract, marginOf(turning, contract.size))
  const trained = augment(source, turning, { seed: 9, epoch: 2, imageId: 7 }, contract.size)
  const seen = await sharp(bytesOf(second!.picture)).raw().toBuffer()
  const difference = trained.data.reduce((sum, value, place) => sum + Math.abs(value - seen[place]!), 0) / seen.length
  // As near as WebP, which keeps half of the colour's resolution, comes to it.
  expect(difference).toBeLessThan(16)
  const other = augment(source, turning, { seed: 9, epoch: 1, imageId: 7 }, contract.size)
  const apart = other.data.reduce((sum, value, place) => sum + Math.abs(value - seen[place]!), 0) / seen.length
  expect(apart).toBeGreaterThan(2 * difference)
})

it('shows the same picture nine times where nothing is switched on', async () => {
  const pictures = [{ imageId: 7, path: paths[0]! }]
  const still = await previewAugmentation({ contract, augmentation: off, seed: 1, pictures, count: 9 })
  expect(still).toHaveLength(10)
  expect(new Set(still.map(({ picture }) => picture)).size).toBe(1)
})
