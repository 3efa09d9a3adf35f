import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectImage, openImage, thumbnail, THUMBNAIL_SIDE } from '../../main/engine/data/decode'
import { StudioError } from '../../shared/errors'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'decode-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** 32 × 16: left half red, right half blue. */
function halves(): Sharp {
  const pixels = Buffer.alloc(32 * 16 * 3)
  for (let pixel = 0; pixel < 32 * 16; pixel++) pixels[3 * pixel + (pixel % 32 < 16 ? 0 : 2)] = 255
  return sharp(pixels, { raw: { width: 32, height: 16, channels: 3 } })
}

async function save(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

/** The pixels as every consumer gets them, and a look at one of them. */
async function pixels(
  path: string
): Promise<{ at: (x: number, y: number) => number[]; width: number; height: number }> {
  const image = await openImage(path)
  const { data, info } = await image
    .pipeline()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect(info.channels).toBe(3)
  expect(data.length).toBe(info.width * info.height * 3)
  expect([info.width, info.height]).toEqual([image.width, image.height])
  const at = (x: number, y: number): number[] => [
    ...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)
  ]
  return { at, width: info.width, height: info.height }
}

function near(actual: number[], expected: number[], tolerance: number): void {
  actual.forEach((value, channel) => expect(Math.abs(value - expected[channel]!)).toBeLessThanOrEqual(tolerance))
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason
  )
  expect(error).toBeInstanceOf(StudioError)
  return (error as StudioError).code
}

describe('formats', () => {
  const writers: [string, number, (image: Sharp) => Sharp][] = [
    ['jpeg', 12, (image) => image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['png', 0, (image) => image.png()],
    ['webp', 0, (image) => image.webp({ lossless: true })],
    ['gif', 4, (image) => image.gif()],
    ['tiff', 0, (image) => image.tiff({ compression: 'lzw' })],
    ['avif', 12, (image) => image.avif({ quality: 90, chromaSubsampling: '4:4:4' })]
  ]
  it.each(writers)('reads %s whatever its name says', async (format, tolerance, write) => {
    const path = await save(`${format}.picture`, await write(halves()).toBuffer())
    expect(await inspectImage(path)).toEqual({ width: 32, height: 16, format })
    const { at } = await pixels(path)
    near(at(4, 8), [255, 0, 0], tolerance)
    near(at(28, 8), [0, 0, 255], tolerance)
  })

  it('reads the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(48, 200), Buffer.alloc(48, 10)])
    const animation = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .gif({ delay: [100, 100] })
      .toBuffer()
    expect((await sharp(animation).metadata()).pages).toBe(2)
    const { at, height } = await pixels(await save('moving.gif', animation))
    expect(height).toBe(4)
    near(at(1, 1), [200, 200, 200], 4)
  })
})

describe('oddities come out as 8-bit sRGB', () => {
  it('16 bits', async () => {
    const deep = new Uint16Array(8 * 8 * 3).map((_, index) => [65535, 32896, 0][index % 3]!)
    const png = await sharp(deep, { raw: { width: 8, height: 8, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer()
    expect((await sharp(png).metadata()).depth).toBe('ushort')
    near((await pixels(await save('deep.png', png))).at(3, 3), [255, 128, 0], 1)
  })

  it('16-bit grey', async () => {
    const deep = new Uint16Array(8 * 8).fill(32896)
    const png = await sharp(deep, { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer()
    expect((await sharp(png).metadata()).depth).toBe('ushort')
    near((await pixels(await save('deep-grey.png', png))).at(3, 3), [128, 128, 128], 1)
  })

  it('grey', async () => {
    const png = await halves().greyscale().toColourspace('b-w').png().toBuffer()
    expect((await sharp(png).metadata()).channels).toBe(1)
    const [red, green, blue] = (await pixels(await save('grey.png', png))).at(3, 3)
    expect([green, blue]).toEqual([red, red])
  })

  it('grey with alpha, on white', async () => {
    const raw = Buffer.alloc(8 * 8 * 2)
    for (let pixel = 0; pixel < 64; pixel++) raw[2 * pixel + 1] = pixel % 8 < 4 ? 255 : 0
    const png = await sharp(raw, { raw: { width: 8, height: 8, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer()
    expect((await sharp(png).metadata()).channels).toBe(2)
    const { at } = await pixels(await save('grey-alpha.png', png))
    expect(at(0, 0)).toEqual([0, 0, 0])
    expect(at(7, 0)).toEqual([255, 255, 255])
  })

  it('alpha half-way, on white', async () => {
    const glass = {
      create: { width: 8, height: 8, channels: 4 as const, background: { r: 255, g: 0, b: 0, alpha: 0.5 } }
    }
    const png = await sharp(glass).png().toBuffer()
    near((await pixels(await save('glass.png', png))).at(3, 3), [255, 127, 127], 2)
  })

  it('CMYK', async () => {
    const jpeg = await halves().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk')
    const { at } = await pixels(await save('print.jpg', jpeg))
    // The press cannot print pure red or blue; they must stay red and blue all the same.
    const [red, blue] = [at(4, 8), at(28, 8)]
    expect(red[0]! - Math.max(red[1]!, red[2]!)).toBeGreaterThan(150)
    expect(blue[2]! - Math.max(blue[0]!, blue[1]!)).toBeGreaterThan(50)
  })

  it('every EXIF orientation is turned upright', async () => {
    // Where the red half must lie once upright, for each orientation of a file whose left half is red.
    const sides = { 1: 'left', 2: 'right', 3: 'right', 4: 'left', 5: 'top', 6: 'top', 7: 'bottom', 8: 'bottom' }
    for (const [orientation, side] of Object.entries(sides)) {
      const jpeg = await halves()
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .withMetadata({ orientation: Number(orientation) })
        .toBuffer()
      const path = await save(`exif-${orientation}.jpg`, jpeg)
      const { at, width, height } = await pixels(path)
      expect([width, height]).toEqual(Number(orientation) < 5 ? [32, 16] : [16, 32])
      const ends = {
        left: at(2, height >> 1),
        right: at(width - 3, height >> 1),
        top: at(width >> 1, 2),
        bottom: at(width >> 1, height - 3)
      }
      near(ends[side as keyof typeof ends], [255, 0, 0], 12)
    }
  })
})

describe('refusals', () => {
  it.each([
    ['a file that is not there', 'absent.png', null, 'image/not-found'],
    ['no bytes', 'empty.png', Buffer.alloc(0), 'image/empty-file'],
    [
      'a text named .jpg',
      'notes.jpg',
      Buffer.from('BMW and other notes, none of which is a picture'),
      'image/unsupported'
    ],
    ['an SVG', 'drawing.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/unsupported'],
    ['a JPEG that is only its first bytes', 'stub.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'image/corrupt']
  ])('%s', async (_what, name, bytes, code) => {
    const path = bytes ? await save(name, bytes) : join(folder, name)
    expect(await codeOf(inspectImage(path))).toBe(code)
  })

  it('a folder', async () => {
    await mkdir(join(folder, 'folder.png'))
    expect(await codeOf(inspectImage(join(folder, 'folder.png')))).toBe('image/unsupported')
  })

  it('a picture cut short, whatever the format', async () => {
    const noise = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 60 }
      }
    })
      .png()
      .toBuffer()
    const files = {
      jpeg: await sharp(noise).jpeg().toBuffer(),
      png: noise,
      webp: await sharp(noise).webp().toBuffer(),
      tiff: await sharp(noise).tiff().toBuffer(),
      avif: await sharp(noise).avif().toBuffer(),
      gif: await sharp(noise).gif().toBuffer()
    }
    for (const [format, bytes] of Object.entries(files)) {
      const path = await save(`cut.${format}`, bytes)
      await truncate(path, Math.floor(bytes.length * 0.6))
      expect(await codeOf(thumbnail(path, join(folder, 'cut.webp'))), format).toBe('image/corrupt')
    }
  })

  it('20,000 × 20,000 pixels, before decoding any', async () => {
    const huge = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    huge.writeUInt32BE(20_000, 16)
    huge.writeUInt32BE(20_000, 20)
    // The header's checksum, so that the size is the only thing wrong with it.
    const { crc32 } = await import('node:zlib')
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29)
    expect(await codeOf(inspectImage(await save('huge.png', huge)))).toBe('image/too-large')
  })
})

describe('thumbnail', () => {
  it('fits in its square, keeps the aspect ratio, and makes its folder', async () => {
    const path = await save('large.jpg', await halves().resize(800, 400).jpeg().toBuffer())
    const out = join(folder, 'ab', 'abcd.webp')
    await thumbnail(path, out)
    const { width, height, format } = await sharp(await readFile(out)).metadata()
    expect([width, height, format]).toEqual([THUMBNAIL_SIDE, THUMBNAIL_SIDE / 2, 'webp'])
  })

  it('never enlarges', async () => {
    const path = await save('tiny.png', await halves().png().toBuffer())
    await thumbnail(path, join(folder, 'tiny.webp'))
    expect((await sharp(await readFile(join(folder, 'tiny.webp'))).metadata()).width).toBe(32)
  })
})
