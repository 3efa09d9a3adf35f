import { describe, expect, it } from 'vitest'
import { BitmapError, decodeBitmap } from '../../../main/engine/data/bmp'
import { detectFormat } from '../../../main/engine/data/formats'

interface Parts {
  width: number
  height: number
  bits: number
  compression?: number
  /** BGRA of four bytes each. */
  palette?: number[][]
  /** After the 40 bytes of the header. */
  masks?: number[]
  rows: number[]
  headerSize?: number
}

function bitmap({
  width,
  height,
  bits,
  compression = 0,
  palette = [],
  masks = [],
  rows,
  headerSize = 40
}: Parts): Buffer {
  const header = Buffer.alloc(14 + headerSize)
  header.write('BM')
  const maskBytes = Buffer.alloc(headerSize === 40 ? 4 * masks.length : 0)
  masks.forEach((mask, index) =>
    headerSize === 40 ? maskBytes.writeUInt32LE(mask, 4 * index) : header.writeUInt32LE(mask, 54 + 4 * index)
  )
  const colors = Buffer.from(palette.flat())
  header.writeUInt32LE(header.length + maskBytes.length + colors.length, 10)
  header.writeUInt32LE(headerSize, 14)
  header.writeInt32LE(width, 18)
  header.writeInt32LE(height, 22)
  header.writeUInt16LE(1, 26)
  header.writeUInt16LE(bits, 28)
  header.writeUInt32LE(compression, 30)
  header.writeUInt32LE(palette.length, 46)
  return Buffer.concat([header, maskBytes, colors, Buffer.from(rows)])
}

const [RED, GREEN, BLUE] = [
  [0, 0, 255, 0],
  [0, 255, 0, 0],
  [255, 0, 0, 0]
] as const
const palette = [[...RED], [...GREEN], [...BLUE]]
const [red, green, blue] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255]
] as const
const pixels = (bytes: Uint8Array): number[] => [...decodeBitmap(bytes).data]

describe('bitmaps', () => {
  it('24 bits, bottom-up, rows padded to four bytes', () => {
    const bytes = bitmap({ width: 1, height: 2, bits: 24, rows: [255, 0, 0, 0, 0, 0, 255, 0] })
    expect(detectFormat(bytes)).toBe('bmp')
    expect(decodeBitmap(bytes)).toMatchObject({ width: 1, height: 2, channels: 3 })
    expect(pixels(bytes)).toEqual([...red, ...blue])
  })

  it('top-down, by a negative height', () => {
    expect(pixels(bitmap({ width: 1, height: -2, bits: 24, rows: [255, 0, 0, 0, 0, 0, 255, 0] }))).toEqual([
      ...blue,
      ...red
    ])
  })

  it('1, 4 and 8 bits of a palette', () => {
    expect(pixels(bitmap({ width: 3, height: 1, bits: 1, palette, rows: [0b01000000, 0, 0, 0] }))).toEqual([
      ...red,
      ...green,
      ...red
    ])
    expect(pixels(bitmap({ width: 3, height: 1, bits: 4, palette, rows: [0x21, 0x00, 0, 0] }))).toEqual([
      ...blue,
      ...green,
      ...red
    ])
    expect(pixels(bitmap({ width: 2, height: 1, bits: 8, palette, rows: [2, 1, 0, 0] }))).toEqual([...blue, ...green])
  })

  it('16 bits: 5-5-5, and 5-6-5 by masks', () => {
    expect(pixels(bitmap({ width: 2, height: 1, bits: 16, rows: [0x00, 0x7c, 0xe0, 0x03] }))).toEqual([
      ...red,
      ...green
    ])
    const masks = [0xf800, 0x07e0, 0x001f]
    expect(
      pixels(bitmap({ width: 2, height: 1, bits: 16, compression: 3, masks, rows: [0x00, 0xf8, 0x1f, 0x00] }))
    ).toEqual([...red, ...blue])
  })

  it('32 bits without an alpha mask is opaque, with one it is not', () => {
    const rows = [255, 0, 0, 128]
    expect(decodeBitmap(bitmap({ width: 1, height: 1, bits: 32, rows }))).toMatchObject({
      channels: 3,
      data: Uint8Array.from(blue)
    })
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000]
    const withAlpha = bitmap({ width: 1, height: 1, bits: 32, compression: 3, masks, rows, headerSize: 108 })
    expect(decodeBitmap(withAlpha)).toMatchObject({ channels: 4, data: Uint8Array.of(...blue, 128) })
  })

  it('RLE8: runs, literals, moves and ends', () => {
    // Bottom row: two of green, one literal … of three; then a move; then one blue in the top row.
    const rows = [2, 1, 0, 3, 0, 1, 2, 0, 0, 0, 0, 2, 1, 0, 1, 2, 0, 1]
    expect(pixels(bitmap({ width: 5, height: 2, bits: 8, compression: 1, palette, rows }))).toEqual(
      [red, blue, red, red, red, green, green, red, green, blue].flat()
    )
  })

  it('RLE4: two pixels a byte', () => {
    const rows = [3, 0x12, 0, 1]
    expect(pixels(bitmap({ width: 4, height: 1, bits: 4, compression: 2, palette, rows }))).toEqual(
      [green, blue, green, red].flat()
    )
  })

  it('OS/2, with a header of twelve bytes and a palette of triplets', () => {
    const header = Buffer.alloc(26)
    header.write('BM')
    header.writeUInt32LE(26 + 6, 10)
    header.writeUInt32LE(12, 14)
    header.writeUInt16LE(2, 18)
    header.writeUInt16LE(1, 20)
    header.writeUInt16LE(1, 22)
    header.writeUInt16LE(1, 24)
    const bytes = Buffer.concat([header, Buffer.from([0, 0, 255, 255, 0, 0]), Buffer.from([0b10000000, 0, 0, 0])])
    expect(pixels(bytes)).toEqual([...blue, ...red])
  })

  it.each([
    ['rows that are missing', bitmap({ width: 9, height: 9, bits: 24, rows: [1, 2, 3] }), 'last row'],
    [
      'runs that are missing',
      bitmap({ width: 9, height: 9, bits: 8, compression: 1, palette, rows: [9, 1] }),
      'last row'
    ],
    ['a header cut short', bitmap({ width: 1, height: 1, bits: 24, rows: [] }).subarray(0, 30), 'header'],
    ['no width', bitmap({ width: 0, height: 1, bits: 24, rows: [] }), '0 × 1'],
    ['5 bits a pixel', bitmap({ width: 1, height: 1, bits: 5, rows: [] }), '5 bits'],
    ['a JPEG inside', bitmap({ width: 1, height: 1, bits: 24, compression: 4, rows: [] }), 'compression 4']
  ])('refuses %s', (_what, bytes, words) => {
    expect(() => decodeBitmap(bytes)).toThrow(BitmapError)
    expect(() => decodeBitmap(bytes)).toThrow(words)
  })
})
