import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { normalize } from '../../main/engine/data/normalize'
import { applyContract, loadPixels, type PixelImage } from '../../main/engine/data/preprocess'
import { previewImage } from '../../main/engine/inference/preview'
import type { PreprocessingContract } from '../../shared/domain/preprocessing'

const contract: PreprocessingContract = {
  size: 64,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preprocess-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Waves of several lengths, different in each channel: anything shifted, blurred or swapped shows. */
function waves(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3)
  for (let index = 0; index < pixels.length; index++) {
    const [x, y, channel] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width), index % 3]
    const value =
      Math.sin(((9 + channel) * x) / width) + Math.cos((7 * y) / height + channel) + Math.sin((40 * (x + y)) / width)
    pixels[index] = Math.round(127 + 40 * value)
  }
  return pixels
}

async function save(name: string, width: number, height: number, encode: (image: Sharp) => Sharp): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, await encode(sharp(waves(width, height), { raw: { width, height, channels: 3 } })).toBuffer())
  return path
}

/** Catmull-Rom (a = −½), the kernel of Pillow's and libvips' bicubic. */
function cubic(x: number): number {
  const t = Math.abs(x)
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0
}

/** Resamples a row by the book: half-pixel centres, and the kernel stretched by the scale when shrinking. */
function resample(values: number[], size: number): number[] {
  const scale = values.length / size
  const stretch = Math.max(scale, 1)
  return Array.from({ length: size }, (_, place) => {
    const center = (place + 0.5) * scale - 0.5
    let [sum, total] = [0, 0]
    for (let tap = Math.ceil(center - 2 * stretch); tap <= Math.floor(center + 2 * stretch); tap++) {
      const weight = cubic((tap - center) / stretch)
      sum += weight * values[Math.min(Math.max(tap, 0), values.length - 1)]!
      total += weight
    }
    return sum / total
  })
}

function byTheBook(
  pixels: Uint8Array,
  width: number,
  height: number,
  [newWidth, newHeight]: [number, number]
): number[][][] {
  return [0, 1, 2].map((channel) => {
    const rows = Array.from({ length: height }, (_, y) =>
      resample(
        Array.from({ length: width }, (_, x) => pixels[3 * (y * width + x) + channel]!),
        newWidth
      )
    )
    const columns = Array.from({ length: newWidth }, (_, x) =>
      resample(
        rows.map((row) => row[x]!),
        newHeight
      )
    )
    return Array.from({ length: newHeight }, (_, y) => columns.map((column) => column[y]!))
  })
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): { largest: number; mean: number } {
  let [largest, sum] = [0, 0]
  for (let index = 0; index < a.length; index++) {
    largest = Math.max(largest, Math.abs(a[index]! - b[index]!))
    sum += Math.abs(a[index]! - b[index]!)
  }
  return { largest, mean: sum / a.length }
}

const toPng = (image: Sharp): Sharp => image.png()

describe('resizing', () => {
  it.each([
    ['shrinks', 219, 146, [110, 73]],
    ['enlarges', 40, 30, [97, 73]]
  ] as const)('%s like the textbook: half-pixel centres, antialiased', async (_what, width, height, resized) => {
    const path = await save(`book-${width}.png`, width, height, toPng)
    const { data } = await loadPixels(path, contract)
    const book = byTheBook(waves(width, height), width, height, [...resized])
    const [left, top] = [Math.floor((resized[0] - 64) / 2), Math.floor((resized[1] - 64) / 2)]
    const expected = Float32Array.from({ length: data.length }, (_, index) => {
      const pixel = Math.floor(index / 3)
      const value = book[index % 3]![top + Math.floor(pixel / 64)]![left + (pixel % 64)]!
      return Math.min(Math.max(Math.round(value), 0), 255)
    })
    const { largest, mean } = difference(data, expected)
    expect(mean).toBeLessThan(0.6)
    expect(largest).toBeLessThan(4)
  })

  it.each([
    ['JPEG', (image: Sharp) => image.jpeg({ quality: 95 })],
    ['WebP', (image: Sharp) => image.webp({ lossless: true })]
  ])('a %s shrunk while it is decoded differs by next to nothing from one decoded in full', async (format, encode) => {
    const path = await save(`large.${format}`, 1280, 960, encode)
    const png = join(folder, `large.${format}.png`)
    await sharp(path).png().toFile(png)
    const { largest, mean } = difference(
      (await loadPixels(path, contract)).data,
      (await loadPixels(png, contract)).data
    )
    expect(mean).toBeLessThan(1)
    expect(largest).toBeLessThan(8)
  })

  it('is the same in every format that keeps the pixels', async () => {
    const { data } = await loadPixels(await save('same.png', 150, 100, toPng), contract)
    const tiff = await save('same.tiff', 150, 100, (image) => image.tiff({ compression: 'none' }))
    expect((await loadPixels(tiff, contract)).data).toEqual(data)
    const bmp = join(folder, 'same.bmp')
    await writeFile(bmp, encodeBitmap(waves(150, 100), 150, 100))
    expect((await loadPixels(bmp, contract)).data).toEqual(data)
  })

  it('gives size × size for a picture of one pixel, and for a strip', async () => {
    for (const [width, height] of [
      [1, 1],
      [1, 3000],
      [3000, 2]
    ] as const) {
      const image = await loadPixels(await save(`strip-${width}.png`, width, height, toPng), contract)
      expect([image.width, image.height, image.data.length]).toEqual([64, 64, 64 * 64 * 3])
    }
  })
})

describe('the contract', () => {
  it('normalises each channel, in its colour order', () => {
    const pixels = Uint8Array.of(0, 127, 255)
    expect([...normalize(pixels, contract)]).toEqual([-127 / 128, 0, 1])
    const caffe = {
      ...contract,
      colorOrder: 'BGR' as const,
      mean: [1, 2, 3] as [number, number, number],
      std: [1, 2, 4] as [number, number, number]
    }
    expect([...normalize(pixels, caffe)]).toEqual([254, 62.5, -0.75])
  })

  it('writes into a place of a batch', async () => {
    const path = await save('batch.png', 80, 80, toPng)
    const alone = await applyContract(path, contract)
    const batch = new Float32Array(2 * alone.length)
    await applyContract(path, contract, batch, alone.length)
    expect(batch.subarray(alone.length)).toEqual(alone)
    expect(batch.subarray(0, alone.length).every((value) => value === 0)).toBe(true)
  })

  it('pads in black', async () => {
    const { data } = await loadPixels(await save('wide.png', 100, 50, toPng), { ...contract, crop: 'pad' })
    expect([...data.subarray(0, 16 * 64 * 3)].every((value) => value === 0)).toBe(true)
    expect([...data.subarray(17 * 64 * 3, 18 * 64 * 3)].some((value) => value > 0)).toBe(true)
  })

  it('squashes all of the picture', async () => {
    const path = await save('squash.png', 96, 64, toPng)
    const { data } = await loadPixels(path, { ...contract, crop: 'squash', filter: 'bilinear' })
    const whole = await sharp(path).resize(64, 64, { fit: 'fill', kernel: 'linear' }).raw().toBuffer()
    expect(data).toEqual(whole)
  })
})

describe('the margin for augmentation', () => {
  const middle = ({ data, width }: PixelImage, margin: number): number[] => {
    const rows = Array.from({ length: 64 }, (_, y) => [
      ...data.subarray(3 * ((y + margin) * width + margin), 3 * ((y + margin) * width + margin + 64))
    ])
    return rows.flat()
  }

  it.each([
    ['within the picture', 4],
    ['over its edge', 30]
  ])('surrounds the same pixels, %s', async (_what, margin) => {
    const path = await save(`margin-${margin}.png`, 90, 70, toPng)
    const plain = await loadPixels(path, contract)
    const wide = await loadPixels(path, contract, margin)
    expect([wide.width, wide.height]).toEqual([64 + 2 * margin, 64 + 2 * margin])
    expect(middle(wide, margin)).toEqual([...plain.data])
  })
})

describe('the margin of a picture that shrinks', () => {
  it.each(['jpg', 'png'])('is the picture as far as it goes, then its edge: %s', async (ending) => {
    const path = await save(`shrunk.${ending}`, 300, 200, (image) => (ending === 'jpg' ? image.jpeg() : image.png()))
    const margin = 20
    const wide = await loadPixels(path, contract, margin)
    const side = 64 + 2 * margin
    expect([wide.width, wide.height]).toEqual([side, side])
    const whole = await sharp(path).resize(110, 73, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer()
    // The square lies at (23, 4) of 110 × 73: 15 rows are missing above, 16 below, no column.
    for (let y = 0; y < side; y++) {
      const row = Math.min(Math.max(y + 4 - margin, 0), 72)
      const expected = whole.subarray((row * 110 + 23 - margin) * 3, (row * 110 + 23 - margin + side) * 3)
      expect([...wide.data.subarray(y * side * 3, (y + 1) * side * 3)]).toEqual([...expected])
    }
  })

  it('is the edge’s own pixels beside it, too, and black where the contract pads', async () => {
    const path = await save('tall.png', 100, 260, toPng)
    const squashed = { ...contract, crop: 'squash' as const }
    const [plain, wide] = [await loadPixels(path, squashed), await loadPixels(path, squashed, 5)]
    expect([wide.width, wide.height]).toEqual([74, 74])
    const at = (image: PixelImage, x: number, y: number): number[] => [
      ...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3)
    ]
    for (const [x, y] of [
      [0, 0],
      [2, 40],
      [73, 73],
      [70, 30],
      [30, 1]
    ] as const) {
      const [inX, inY] = [x - 5, y - 5].map((place) => Math.min(Math.max(place, 0), 63)) as [number, number]
      expect(at(wide, x, y)).toEqual(at(plain, inX, inY))
    }
    const padded = await loadPixels(path, { ...contract, crop: 'pad' }, 5)
    expect([at(padded, 2, 40), at(padded, 73, 40), at(padded, 37, 2)]).toEqual(Array(3).fill([0, 0, 0]))
  })
})

describe('the preview', () => {
  it('shows the crop on the original, the pixels as seen, and their range', async () => {
    const path = await save('preview.png', 200, 100, toPng)
    const { crop, seen, range } = await previewImage(path, contract)
    expect(crop.width).toBeCloseTo(87.67, 1)
    expect(crop.left).toBeCloseTo((200 - crop.width) / 2, 0)
    const { data, info } = await sharp(Buffer.from(seen.split(',')[1]!, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([64, 64])
    expect(data).toEqual((await loadPixels(path, contract)).data)
    const values = await applyContract(path, contract)
    expect(range.min).toBe(Math.min(...values))
    expect(range.max).toBe(Math.max(...values))
    expect(range.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 4)
  })
})

/** 24 bits, bottom-up. */
function encodeBitmap(pixels: Uint8Array, width: number, height: number): Buffer {
  const rowBytes = Math.ceil((3 * width) / 4) * 4
  const file = Buffer.alloc(54 + rowBytes * height)
  file.write('BM')
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < 3 * width; x++) {
      const source = 3 * (y * width + Math.floor(x / 3)) + 2 - (x % 3)
      file[54 + (height - 1 - y) * rowBytes + x] = pixels[source]!
    }
  }
  return file
}
